/**
 * The identifiers that travel between the parts, as brands, so that a session id can never stand where a user id belongs.
 * Promise: what parses here is safe in a log line, a Redis key and an encoded segment of a URL path; subjects encode it further
 * (subjects.ts).
 */
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

/** Tenants, clients and roles are named by the operators of a deployment. */
const NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._@+:|~-]{0,127}$'
/** Visible characters of any script. Invisible ones would make two ids look like one, or turn the direction of a line. */
const VISIBLE = '[^\\p{C}\\p{Z}\\p{DI}]'
/**
 * URL paths lose the segments `.` and `..`, those between encoded slashes at some proxies; a combining mark at the beginning would
 * change the character before the id.
 */
const USER_PATTERN = `^(?!(?:.*/)?\\.{1,2}(?:/|$)|\\p{M})${VISIBLE}+(?: +${VISIBLE}+)*$`
const USER_PREFIX_PATTERN = `^(?:${VISIBLE}| )*$`
/** Of UTF-8: room for any `sub` of OpenID Connect (Core §2: 255 ASCII characters). */
export const USER_ID_BYTES_MAX = 255
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

const ofUsers = <T extends string>(options: { pattern: string; description: string }) =>
  Type.Unsafe<T>(
    Type.Refine(
      Type.String({ ...options, maxLength: USER_ID_BYTES_MAX }),
      (text) => text.normalize() === text && Buffer.byteLength(text) <= USER_ID_BYTES_MAX,
      () => `must be at most ${USER_ID_BYTES_MAX} bytes of UTF-8 in normal form NFC`,
    ),
  )

export const SessionIdSchema = Type.Unsafe<SessionId>(
  Type.String({ pattern: SESSION_ID_PATTERN, description: 'Public session id' }),
)
export const TenantIdSchema = named<TenantId>('Tenant id')
/**
 * Case-sensitive and compared character by character, in Unicode's normal form NFC. Another form of the same text is refused, never
 * converted, so that every part sees the id that its caller sent.
 */
export const UserIdSchema = ofUsers<UserId>({
  pattern: USER_PATTERN,
  description:
    'User id, unique within its tenant, such as the `sub` of an OpenID provider. At most 255 bytes of UTF-8 in normal form NFC; ' +
    'spaces within, no other white space, no control or invisible characters; no `.` or `..` between slashes',
})
/** How a user id begins; it may be empty. */
export const UserIdPrefixSchema = ofUsers<string>({
  pattern: USER_PREFIX_PATTERN,
  description: 'How the user id begins, in normal form NFC',
})
/**
 * A user id in something that has been stored. Readers rely on its size alone: which characters are assigned depends on their version
 * of Unicode, and a reader that refused an entry of the log would stop there.
 */
export const StoredUserIdSchema = Type.Unsafe<UserId>(
  Type.String({ minLength: 1, maxLength: USER_ID_BYTES_MAX }),
)
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

/** `tenant/user`, unambiguous because tenants hold no slash: the first one ends the tenant. */
export type SubjectKey = string & { readonly __brand: 'SubjectKey' }

/** The one way to write a subject as a key. */
export function subjectKey(tenant: TenantId, user: UserId): SubjectKey {
  return `${tenant}/${user}` as SubjectKey
}

/** The subject that `subjectKey` has written. */
export function subjectOf(key: SubjectKey): Subject {
  const slash = key.indexOf('/')
  return { tenant: key.slice(0, slash) as TenantId, user: key.slice(slash + 1) as UserId }
}

const subjectShape = Compile(SubjectSchema)

/** Reads `tenant/user` from text of any origin; undefined where that is not the key of a subject. */
export function parseSubject(text: string): Subject | undefined {
  const subject = subjectOf(text as SubjectKey)
  return text.includes('/') && subjectShape.Check(subject) ? subject : undefined
}

/** `tenant/user`, `client:<id>`, `system` or `anonymous`. */
export const ActorSchema = Type.String({ minLength: 1, maxLength: 128 + 1 + USER_ID_BYTES_MAX })

/** Operators of this tenant are operators of the whole deployment. */
export const ADMINISTRATIVE_TENANT = 'curfew' as TenantId
