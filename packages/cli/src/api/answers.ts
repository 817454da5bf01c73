/**
 * The answers of the gateway and of the session authority, as far as this program reads them.
 * Promise: an answer of another shape is found out here, before anything is concluded from it; members that are not known
 * pass through to `--json` as they are.
 */
import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'

const Text = Type.String()
const Names = Type.Array(Text)
const Count = Type.Number()
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])

export const SessionSchema = Type.Object({
  id: Text,
  tenant: Text,
  user: Text,
  client: Text,
  created_at: Text,
  auth_time: Text,
  acr: Text,
  amr: Names,
  idle_expires_at: Text,
  expires_at: Text,
  roles: Names,
  permissions: Names,
  label: Type.Optional(Text),
  address_class: Type.Optional(Text),
  current: Type.Optional(Type.Boolean()),
})
export type Session = Static<typeof SessionSchema>

export const SessionAnswer = Type.Object({ session: SessionSchema })
export const TokenAnswer = Type.Object({ token: Text, session: SessionSchema })
export const SessionsAnswer = Type.Object({
  sessions: Type.Array(SessionSchema),
  next_cursor: Nullable(Text),
})

export const ScopeAnswer = Type.Object({
  type: Text,
  session: Type.Optional(Text),
  tenant: Type.Optional(Text),
  user: Type.Optional(Text),
  client: Type.Optional(Text),
})
export type ScopeShown = Static<typeof ScopeAnswer>

const RevocationSchema = Type.Object({
  id: Text,
  position: Nullable(Text),
  scope: ScopeAnswer,
  reason: Text,
  actor: Text,
  at: Text,
  except: Type.Optional(Names),
})
export type Revocation = Static<typeof RevocationSchema>

/** What every change is answered with. */
const effect = {
  state: Type.Union([Type.Literal('confirmed'), Type.Literal('recorded'), Type.Literal('unknown')]),
  confirmed_by: Type.Optional(Text),
  recorded: Type.Boolean(),
  verifiers: Type.Optional(Type.Object({ total: Count, acknowledged: Count, lapsed: Count })),
  elapsed_ms: Count,
}
export const EffectAnswer = Type.Object(effect)
export type Effect = Static<typeof EffectAnswer>

/** Counted; where that is not exact there are so many at least, and `at_most` where that is known. */
export const sessionCount = {
  sessions: Count,
  exact: Type.Boolean(),
  at_most: Type.Optional(Nullable(Count)),
}
const SessionCountSchema = Type.Object(sessionCount)
export type SessionCount = Static<typeof SessionCountSchema>

/** The count of sessions that a revocation ended: absent from older servers, null while it is not known. */
const toll = {
  ended: Type.Optional(Nullable(SessionCountSchema)),
  target_known: Type.Optional(Type.Boolean()),
}

const CarriedOut = Type.Object({ revocation: RevocationSchema, ...effect, ...toll })
export type CarriedOut = Static<typeof CarriedOut>
/** Where one operator alone may not. */
export const ApprovalAnswer = Type.Object({
  revocation: RevocationSchema,
  /** `suspend`: the tenant is suspended as well. */
  act: Type.Optional(Text),
  state: Type.Union([
    Type.Literal('pending'),
    Type.Literal('approved'),
    Type.Literal('rejected'),
    Type.Literal('voided'),
  ]),
  decided_by: Type.Optional(Text),
  expires_at: Text,
})
export type Approval = Static<typeof ApprovalAnswer>
export const ApprovalsAnswer = Type.Object({
  approvals: Type.Array(ApprovalAnswer),
  next_cursor: Nullable(Text),
})
export const RevocationAnswer = Type.Union([CarriedOut, ApprovalAnswer])
export type RevocationResult = Static<typeof RevocationAnswer>
export const KnownRevocationAnswer = Type.Object({
  revocation: RevocationSchema,
  state: Text,
  recorded: Type.Boolean(),
  ...toll,
})
export const RevocationsAnswer = Type.Object({
  revocations: Type.Array(RevocationSchema),
  next_cursor: Nullable(Text),
})

export const GrantsAnswer = Type.Object({ roles: Names, permissions: Names, position: Nullable(Text) })

export const RolesAnswer = Type.Object({
  roles: Type.Array(Type.Object({ tenant: Text, role: Text, permissions: Names })),
  next_cursor: Nullable(Text),
})
export const SubjectsAnswer = Type.Object({
  subjects: Type.Array(
    Type.Object({ tenant: Text, user: Text, roles: Names, permissions: Names, suspended: Type.Boolean() }),
  ),
  next_cursor: Nullable(Text),
})
export const VerifiersAnswer = Type.Array(
  Type.Object({
    id: Text,
    kind: Type.Optional(Text),
    service: Text,
    host: Text,
    protocol: Count,
    applied: Text,
    lag: Count,
    lease_remaining_ms: Count,
    cached_sessions: Count,
    joined_at: Text,
  }),
)
export type Verifier = Static<typeof VerifiersAnswer>[number]

const AuditEventSchema = Type.Object({
  position: Text,
  at: Text,
  type: Text,
  actor: Text,
  outcome: Text,
  tenant: Type.Optional(Text),
  user: Type.Optional(Text),
  client: Type.Optional(Text),
  session: Type.Optional(Text),
  reason: Type.Optional(Text),
  effect: Type.Optional(Text),
  request_id: Type.Optional(Text),
})
export type AuditEvent = Static<typeof AuditEventSchema>
export const AuditAnswer = Type.Object({ events: Type.Array(AuditEventSchema), next: Nullable(Text) })
export const AuditVerificationAnswer = Type.Object({
  intact: Type.Boolean(),
  first: Text,
  last: Text,
  checked: Count,
  faults: Type.Array(Type.Object({ position: Text, fault: Text })),
  next: Nullable(Text),
})

/** RFC 9457. */
export const ProblemAnswer = Type.Object({
  code: Type.String({ pattern: '^[a-z0-9-]{1,64}$' }),
  title: Text,
  detail: Type.Optional(Text),
  request_id: Type.Optional(Text),
})

/** Undefined when it has not this shape. */
export function shaped<T extends TSchema>(schema: T, value: unknown): Static<T> | undefined {
  return Value.Check(schema, value) ? value : undefined
}
