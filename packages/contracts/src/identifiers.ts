/**
 * The identifiers that travel between the parts, as brands, so that a session id can never stand where a user id belongs.
 * Promise: what parses here is safe in a log line, a Redis key and a URL path; subjects encode it further (subjects.ts).
 */
import { Type, type Static } from 'typebox'

/** Tenants, users, clients and roles are named by the systems around Curfew; e-mail addresses and DIDs must fit. */
const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._@+:|~-]{0,127}$'
/** 16 random bytes in base64url. */
const SESSION_ID_PATTERN = '^[A-Za-z0-9_-]{22}$'
/** `documents:read`, `curfew:operator`; a segment holds no wildcard: permissions are compared, never matched. */
const PERMISSION_PATTERN = '^[a-z0-9][a-z0-9._-]{0,63}(:[a-z0-9][a-z0-9._-]{0,63}){0,3}$'

/** The public half of a session token: 22 base64url characters, fit for logs, lists and the command line. */
export type SessionId = string & { readonly __brand: 'SessionId' }
export type TenantId = string & { readonly __brand: 'TenantId' }
/** Unique within its tenant only. */
export type UserId = string & { readonly __brand: 'UserId' }
export type ClientId = string & { readonly __brand: 'ClientId' }
export type RoleName = string & { readonly __brand: 'RoleName' }
export type Permission = string & { readonly __brand: 'Permission' }
/** The set of verifiers that share one relay token value, for example `documents`. */
export type Audience = string & { readonly __brand: 'Audience' }

const named = <T extends string>(description: string) =>
  Type.Unsafe<T>(Type.String({ pattern: NAME_PATTERN, maxLength: 128, description }))

export const SessionIdSchema = Type.Unsafe<SessionId>(
  Type.String({ pattern: SESSION_ID_PATTERN, description: 'Public session id' }),
)
export const TenantIdSchema = named<TenantId>('Tenant id')
export const UserIdSchema = named<UserId>('User id, unique within its tenant')
export const ClientIdSchema = named<ClientId>('Client application id')
/** The client whose tokens live in cookies: anywhere else they are worth nothing. */
export const BROWSER_CLIENT = 'browser' as ClientId
export const RoleNameSchema = named<RoleName>('Role name, unique within its tenant')
export const AudienceSchema = Type.Unsafe<Audience>(
  Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$', description: 'Audience of a relay token' }),
)
export const PermissionSchema = Type.Unsafe<Permission>(
  Type.String({ pattern: PERMISSION_PATTERN, description: 'Permission, for example documents:read' }),
)

const sessionIdPattern = new RegExp(SESSION_ID_PATTERN)

/** True for 22 base64url characters; says nothing about whether such a session exists. */
export function isSessionId(value: string): value is SessionId {
  return sessionIdPattern.test(value)
}

/** Who a session belongs to; permissions hang on the subject, never on the session. */
export const SubjectSchema = Type.Object(
  { tenant: TenantIdSchema, user: UserIdSchema },
  { additionalProperties: false },
)
export type Subject = Static<typeof SubjectSchema>

/** `tenant/user`, unambiguous because names hold no slash. */
export type SubjectKey = string & { readonly __brand: 'SubjectKey' }

/** The one way to write a subject as a key. */
export function subjectKey(tenant: TenantId, user: UserId): SubjectKey {
  return `${tenant}/${user}` as SubjectKey
}
