/**
 * ② ④ Members: every running process that may answer for sessions from memory, as the log and the others know it.
 */
import { Type, type Static } from 'typebox'

/** One incarnation of one process: random, never reused, so that nobody speaks for a predecessor. */
export type MemberId = string & { readonly __brand: 'MemberId' }

export const MemberIdSchema = Type.Unsafe<MemberId>(
  Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'One incarnation of one process' }),
)

/** The protocol that this code speaks; a replica does not count on acknowledgements of another. */
export const PROTOCOL_VERSION = 1

export const MemberSchema = Type.Object(
  {
    member: MemberIdSchema,
    kind: Type.Union([Type.Literal('verifier'), Type.Literal('replica')]),
    service: Type.String({ minLength: 1, maxLength: 64 }),
    host: Type.String({ minLength: 1, maxLength: 255 }),
    protocol: Type.Integer({ minimum: 1, maximum: 1000 }),
  },
  { additionalProperties: false },
)
export type Member = Static<typeof MemberSchema>

/** Below a second renewals would be most of the traffic; above a minute a crash would hold up every revocation. */
export const LEASE_MS_MAX = 60_000

export const LeaseMsSchema = Type.Integer({
  minimum: 1_000,
  maximum: LEASE_MS_MAX,
  description: 'Lease length, milliseconds',
})
