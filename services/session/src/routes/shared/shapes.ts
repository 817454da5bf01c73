/** ④ What answers to operators look like, for the description of the interface. */
import {
  ClientIdSchema,
  PermissionsSchema,
  PositionSchema,
  RoleNameSchema,
  RolesSchema,
  ScopeSchema,
  SessionIdSchema,
  TenantIdSchema,
  UserIdSchema,
} from '@curfew/contracts'
import { Type, type TProperties } from 'typebox'

const Time = Type.String({ format: 'date-time' })
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) =>
  Type.Union([schema, Type.Null()])
const NextCursor = Nullable(Type.String({ description: 'For the next page; null on the last' }))

export const listShape = (member: string, item: Parameters<typeof Type.Array>[0], next = 'next_cursor') =>
  Type.Object({ [member]: Type.Array(item), [next]: NextCursor })

export const SessionShape = Type.Object({
  id: SessionIdSchema,
  tenant: TenantIdSchema,
  user: UserIdSchema,
  client: ClientIdSchema,
  created_at: Time,
  auth_time: Time,
  acr: Type.String(),
  amr: Type.Array(Type.String()),
  idle_expires_at: Time,
  expires_at: Time,
  roles: RolesSchema,
  permissions: PermissionsSchema,
  label: Type.Optional(Type.String()),
  address_class: Type.Optional(Type.String({ description: 'The network that it was begun from' })),
  current: Type.Optional(Type.Literal(true, { description: 'It makes this call' })),
})

export const RevocationShape = Type.Object({
  id: Type.String(),
  position: Nullable(PositionSchema),
  scope: ScopeSchema,
  reason: Type.String(),
  actor: Type.String({ description: '`tenant/user` or `client:<id>`' }),
  at: Time,
  except: Type.Array(SessionIdSchema),
})

const effect = {
  state: Type.Union([Type.Literal('confirmed'), Type.Literal('recorded'), Type.Literal('unknown')], {
    description: 'confirmed: nobody acts against it any more; recorded: it holds here; unknown: ask again',
  }),
  confirmed_by: Type.Optional(Type.Union([Type.Literal('acknowledgement'), Type.Literal('lease-expiry')])),
  recorded: Type.Boolean({ description: 'Whether Redis shows it already' }),
  verifiers: Type.Optional(
    Type.Object({ total: Type.Integer(), acknowledged: Type.Integer(), lapsed: Type.Integer() }),
  ),
  elapsed_ms: Type.Integer(),
}

const STREAM =
  'With `Accept: text/event-stream`: events `recorded`, `acknowledged` and `lapsed`, and last `result` or `problem`'

/** What a change is answered with: 200 once it is confirmed, 202 until then. */
export const effectAnswers = (members: TProperties) => {
  const json = Type.Object({ ...members, ...effect })
  return { 200: { json, events: STREAM }, 202: json }
}

/** What a count says of how many sessions there are. */
const countLimits = {
  exact: Type.Boolean({ description: 'False where not all could be counted: there are so many at least' }),
  at_most: Nullable(
    Type.Integer({ description: 'There are no more than these; null where no such limit is known' }),
  ),
}
const CountShape = Type.Object({ sessions: Type.Integer({ description: 'Counted' }), ...countLimits })

const TargetKnown = Type.Optional(
  Type.Boolean({
    description:
      'Of a user or a tenant. False: it has neither had sessions lately nor roles, permissions or a suspension',
  }),
)

/** What is known about the sessions that a revocation ended. */
const countMembers = {
  ended: Type.Union([CountShape, Type.Null()], {
    description:
      'How many live sessions it ended. Null while they are being counted, as those of a tenant, a client or everyone ' +
      'are after the answer, and where they could not be',
  }),
  target_known: TargetKnown,
}

const DryRunShape = Type.Object({
  dry_run: Type.Literal(true),
  scope: ScopeSchema,
  would_affect: Type.Object({
    sessions: Type.Integer({ description: 'Counted' }),
    ...countLimits,
    tenants: Type.Array(Type.Object({ tenant: TenantIdSchema, sessions: Type.Integer() }), {
      description: 'As far as sessions were counted: where the count is not exact, each has so many at least',
    }),
  }),
  target_known: TargetKnown,
})

export const ApprovalShape = Type.Object({
  revocation: RevocationShape,
  act: Type.Union([Type.Literal('revoke'), Type.Literal('suspend')], {
    description: 'suspend: the tenant is suspended, until somebody resumes it',
  }),
  state: Type.Union(
    [Type.Literal('pending'), Type.Literal('approved'), Type.Literal('rejected'), Type.Literal('voided')],
    { description: 'voided: the operator who asked may not ask for it any more' },
  ),
  decided_by: Type.Optional(Type.String()),
  recorded: Type.Literal(false),
  expires_at: Time,
})

/** What a revocation that was carried out is answered with, besides its effect. */
export const revocationMembers = { revocation: RevocationShape, ...countMembers }

/** One revocation: what has become of it, or that it waits. */
export const RevocationStateShape = Type.Union([
  Type.Object({
    revocation: RevocationShape,
    state: effect.state,
    recorded: effect.recorded,
    ...countMembers,
  }),
  ApprovalShape,
])

/** A revocation of a wide scope may wait for a second operator. */
export const revocationAnswers = () => {
  const { 200: done, 202: notYet } = effectAnswers(revocationMembers)
  return {
    200: { ...done, json: Type.Union([done.json, DryRunShape]) },
    202: Type.Union([notYet, ApprovalShape]),
  }
}

/** That of a whole tenant may wait as well. */
export const tenantSuspensionAnswers = () => {
  const { 200: done, 202: notYet } = effectAnswers(suspensionMembers)
  return { 200: done, 202: Type.Union([notYet, ApprovalShape]) }
}

export const grantsMembers = {
  roles: RolesSchema,
  permissions: PermissionsSchema,
  position: Nullable(PositionSchema),
}
export const roleMembers = { permissions: PermissionsSchema, position: Nullable(PositionSchema) }
export const suspensionMembers = {
  tenant: TenantIdSchema,
  user: Type.Optional(UserIdSchema),
  suspended: Type.Boolean(),
  position: Nullable(PositionSchema),
}

export const TenantShape = Type.Object({ tenant: TenantIdSchema, suspended: Type.Boolean() })
export const GrantsShape = Type.Object({ ...grantsMembers, position: PositionSchema })
export const RoleShape = Type.Object({
  tenant: TenantIdSchema,
  role: RoleNameSchema,
  permissions: PermissionsSchema,
  position: PositionSchema,
})
export const SubjectShape = Type.Object({
  tenant: TenantIdSchema,
  user: UserIdSchema,
  roles: RolesSchema,
  permissions: PermissionsSchema,
  suspended: Type.Boolean(),
})

export const VerifierShape = Type.Object({
  id: Type.String(),
  kind: Type.Union([Type.Literal('verifier'), Type.Literal('replica')]),
  service: Type.String(),
  host: Type.String(),
  protocol: Type.Integer(),
  applied: PositionSchema,
  lag: Type.Integer({ description: 'Positions behind the replica that was asked' }),
  lease_remaining_ms: Type.Integer(),
  cached_sessions: Type.Integer(),
  joined_at: Time,
})

export const StatisticsShape = Type.Object({
  at: Time,
  sessions: Type.Object({ live: Type.Integer({ description: 'Counted' }), ...countLimits }),
  series: Type.Array(
    Type.Object({
      at: Time,
      logins: Type.Integer(),
      failed_logins: Type.Integer(),
      revocations: Type.Integer(),
      redemptions: Type.Integer(),
    }),
  ),
})

export const LimitsShape = Type.Object({
  levels: Type.Record(
    Type.String(),
    Type.Object({ idle_timeout_seconds: Type.Number(), absolute_timeout_seconds: Type.Number() }),
  ),
  max_sessions_per_user: Type.Integer(),
  rotation_overlap_seconds: Type.Number(),
  recent_authentication_seconds: Type.Number(),
})

export const EventShape = Type.Object({
  id: Type.String(),
  position: Type.String(),
  at: Time,
  type: Type.String(),
  actor: Type.String(),
  outcome: Type.Union([Type.Literal('done'), Type.Literal('refused'), Type.Literal('unknown')]),
  tenant: Type.Optional(TenantIdSchema),
  user: Type.Optional(UserIdSchema),
  client: Type.Optional(ClientIdSchema),
  session: Type.Optional(SessionIdSchema),
  reason: Type.Optional(Type.String()),
  effect: Type.Optional(Type.String()),
  count: Type.Optional(
    Type.Integer({ description: 'How many occurrences a sum of refusals stands for', minimum: 1 }),
  ),
  request_id: Type.Optional(Type.String()),
  address_class: Type.Optional(Type.String()),
  source: Type.String(),
})

export const VerificationShape = Type.Object({
  intact: Type.Boolean(),
  first: Type.String(),
  last: Type.String(),
  checked: Type.Integer(),
  faults: Type.Array(Type.Object({ position: Type.String(), fault: Type.String() })),
  next: NextCursor,
})

export const IssuedShape = Type.Object({
  token: Type.String({ description: 'Here and nowhere else' }),
  token_type: Type.Literal('Bearer'),
  session: SessionShape,
})
export const BirthShape = Type.Object({ birth: PositionSchema })

export const IntrospectionShape = Type.Object(
  { active: Type.Boolean(), scope: Type.Optional(Type.String()), exp: Type.Optional(Type.Integer()) },
  {
    description: 'Other members as in RFC 7662, and `tenant`, `sid`, `acr`, `amr`, `auth_time`',
    additionalProperties: true,
  },
)
