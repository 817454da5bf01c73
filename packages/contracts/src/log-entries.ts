/**
 * ⑤ What the log says: one JSON entry per fact, the newest fact of each entity being the one that the stream keeps.
 * Promise: an entry that parses is complete by itself (never a delta), so losing an older one of its entity loses nothing.
 */
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

import {
  ActorSchema,
  ClientIdSchema,
  PermissionSchema,
  RoleNameSchema,
  SessionIdSchema,
  StoredUserIdSchema,
  TenantIdSchema,
  UserIdSchema,
  type Subject,
} from './identifiers.ts'
import { isoTime } from './iso-time.ts'
import { LeaseMsSchema, MemberIdSchema, MemberSchema } from './members.ts'
import { EpochSchema } from './position.ts'
import { logSubject } from './subjects.ts'

/** The fields that every entry begins with. */
export interface EntryHead {
  readonly v: 1
  readonly id: string
  readonly at: string
  readonly actor: string
}

/**
 * @param id the log stores one entry for each id
 * @param atMs wall clock, for people: the order of entries is that of the log
 * @param actor an operator, a service, or `system` for the authority itself
 */
export function entryHead(id: string, atMs: number, actor = 'system'): EntryHead {
  return { v: 1, id, at: isoTime(atMs), actor }
}

export const MAX_ROLES = 64
export const MAX_PERMISSIONS = 256
/** Roles that operators may define in one tenant, those without permissions included: every replica keeps all roles in memory. */
export const MAX_TENANT_ROLES = 256
/** Bytes of JSON that one entry may newly give: a role, or what a user has beside roles. */
export const MAX_PERMISSION_BYTES = 8 * 1_024
/** How much a grant may bring one subject to, roles included. Roles that change afterwards count at the next grant. */
export const MAX_SUBJECT_PERMISSIONS = 1_024
export const MAX_SUBJECT_PERMISSION_BYTES = 32 * 1_024

export const RolesSchema = Type.Array(RoleNameSchema, { maxItems: MAX_ROLES, uniqueItems: true })
export const PermissionsSchema = Type.Array(PermissionSchema, {
  maxItems: MAX_PERMISSIONS,
  uniqueItems: true,
})

const closed = { additionalProperties: false }

const scopeOf = <User extends typeof UserIdSchema>(user: User) =>
  Type.Union([
    Type.Object({ type: Type.Literal('session'), session: SessionIdSchema }, closed),
    Type.Object({ type: Type.Literal('user'), tenant: TenantIdSchema, user }, closed),
    Type.Object({ type: Type.Literal('client'), client: ClientIdSchema }, closed),
    Type.Object({ type: Type.Literal('tenant'), tenant: TenantIdSchema }, closed),
    Type.Object({ type: Type.Literal('global') }, closed),
  ])

/** What a revocation covers. */
export const ScopeSchema = scopeOf(UserIdSchema)
export type Scope = Static<typeof ScopeSchema>

const common = {
  v: Type.Literal(1),
  /** Also the `Nats-Msg-Id`: a retry under the same id is stored once. */
  id: Type.String({ minLength: 1, maxLength: 128 }),
  /** ISO 8601, for people only: nothing compares it. */
  at: Type.String({ maxLength: 40 }),
  actor: ActorSchema,
  reason: Type.Optional(Type.String({ maxLength: 500 })),
}

/** Entries with an effect that somebody waits for: members tell this replica when it has happened at them. */
const acknowledged = { ...common, ackTo: Type.Optional(MemberIdSchema) }

const LogEntrySchema = Type.Union([
  Type.Object({ ...common, type: Type.Literal('genesis'), logId: Type.String({ maxLength: 64 }) }, closed),
  /** The last entry of an epoch's opening: everything that holds from here on is in this log. The first epoch needs none. */
  Type.Object({ ...common, type: Type.Literal('opened') }, closed),
  /**
   * Nothing after this counts, and another epoch follows: the one that is named, because it is being opened, or else
   * whichever an operator opens, because the log is not what it was.
   */
  Type.Object({ ...common, type: Type.Literal('closed'), next: Type.Optional(EpochSchema) }, closed),
  Type.Object(
    {
      ...acknowledged,
      type: Type.Literal('revoked'),
      scope: scopeOf(StoredUserIdSchema),
      /** Sessions spared; each was valid at the scope's previous watermark, which the writer proves (revocation-log). */
      except: Type.Optional(Type.Array(SessionIdSchema, { maxItems: 16 })),
    },
    closed,
  ),
  Type.Object(
    {
      ...acknowledged,
      type: Type.Literal('grants-changed'),
      tenant: TenantIdSchema,
      user: StoredUserIdSchema,
      roles: RolesSchema,
      permissions: PermissionsSchema,
    },
    closed,
  ),
  Type.Object(
    {
      ...acknowledged,
      type: Type.Literal('role-changed'),
      tenant: TenantIdSchema,
      role: RoleNameSchema,
      permissions: PermissionsSchema,
    },
    closed,
  ),
  Type.Object(
    {
      ...acknowledged,
      type: Type.Union([Type.Literal('suspended'), Type.Literal('resumed')]),
      tenant: TenantIdSchema,
      user: Type.Optional(StoredUserIdSchema),
    },
    closed,
  ),
  /** The secrets of a session are being changed: what is remembered of them is to be forgotten and asked for again. */
  Type.Object({ ...acknowledged, type: Type.Literal('rotated'), session: SessionIdSchema }, closed),
  Type.Object({ ...acknowledged, type: Type.Literal('barrier'), replica: MemberIdSchema }, closed),
  /** The lease length in force from here on. The one before it counts for as long as such a lease may still run. */
  Type.Object(
    { ...common, type: Type.Literal('config'), leaseMs: LeaseMsSchema, previousLeaseMs: LeaseMsSchema },
    closed,
  ),
  Type.Object({ ...common, type: Type.Literal('joined'), ...MemberSchema.properties }, closed),
  Type.Object(
    { ...common, type: Type.Union([Type.Literal('left'), Type.Literal('evicted')]), member: MemberIdSchema },
    closed,
  ),
])

export type LogEntry = Static<typeof LogEntrySchema>
export type LogEntryOf<T extends LogEntry['type']> = Extract<LogEntry, { type: T }>

const logEntry = Compile(LogEntrySchema)

/** Parses one stored entry; undefined means that this reader must not go on (protocol: doubt), never that it may skip. */
export function parseLogEntry(json: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return logEntry.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The subject under which an entry supersedes the earlier fact about the same entity. */
export function subjectOfEntry(epoch: number, entry: LogEntry): string {
  switch (entry.type) {
    case 'genesis':
    case 'opened':
    case 'closed':
      return logSubject(epoch, entry.type)
    case 'revoked':
      return logSubject(epoch, 'revoked', ...scopeTokens(entry.scope))
    case 'grants-changed':
      return grantsSubject(epoch, entry)
    case 'role-changed':
      return logSubject(epoch, 'role', entry.tenant, entry.role)
    case 'suspended':
    case 'resumed':
      // One subject for both, so that the later one wins.
      return entry.user === undefined
        ? logSubject(epoch, 'suspension', 'tenant', entry.tenant)
        : logSubject(epoch, 'suspension', 'user', entry.tenant, entry.user)
    case 'rotated':
      return logSubject(epoch, 'rotated', entry.session)
    case 'barrier':
      return logSubject(epoch, 'barrier', entry.replica)
    case 'config':
      return logSubject(epoch, 'config')
    case 'joined':
    case 'left':
    case 'evicted':
      return logSubject(epoch, 'member', entry.member)
  }
}

/** Where the latest grants of one user are. */
export function grantsSubject(epoch: number, { tenant, user }: Subject): string {
  return logSubject(epoch, 'grants', tenant, user)
}

function scopeTokens(scope: Scope): string[] {
  switch (scope.type) {
    case 'session':
      return ['session', scope.session]
    case 'user':
      return ['user', scope.tenant, scope.user]
    case 'client':
      return ['client', scope.client]
    case 'tenant':
      return ['tenant', scope.tenant]
    case 'global':
      return ['global']
  }
}
