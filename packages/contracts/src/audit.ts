/**
 * ① ④ What the audit trail keeps of a security event: who did what, why, with what effect.
 * Promise: no member has room for a secret; text from outside is bounded and one event stays one record.
 */
import { Type, type Static } from 'typebox'

import { ActorSchema, ClientIdSchema, SessionIdSchema, TenantIdSchema, UserIdSchema } from './identifiers.ts'
import { contract } from './requests.ts'

const closed = { additionalProperties: false }

/** What is known where the event happens; the authority adds when, and in which order. */
export const SecurityEventSchema = Type.Object(
  {
    /** Such as `login.succeeded`, `login.refused`, `session.rotated`, `csrf.refused`, `revocation.recorded`. */
    type: Type.String({ pattern: '^[a-z]+(?:[.-][a-z]+)+$', maxLength: 64 }),
    actor: ActorSchema,
    outcome: Type.Union([Type.Literal('done'), Type.Literal('refused'), Type.Literal('unknown')]),
    tenant: Type.Optional(TenantIdSchema),
    user: Type.Optional(UserIdSchema),
    client: Type.Optional(ClientIdSchema),
    session: Type.Optional(SessionIdSchema),
    /** Given by the actor, or the class of a refusal. */
    reason: Type.Optional(Type.String({ maxLength: 500 })),
    /** What it brought about, such as `confirmed by 4 of 4`, `3 sessions`. */
    effect: Type.Optional(Type.String({ maxLength: 700 })),
    requestId: Type.Optional(Type.String({ maxLength: 64 })),
    addressClass: Type.Optional(Type.String({ maxLength: 64 })),
    /** How many occurrences this event stands for; one where it is absent. */
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  },
  closed,
)
export interface SecurityEvent<T extends string = string> extends Omit<
  Static<typeof SecurityEventSchema>,
  'type'
> {
  type: T
}

/** All that the gateway tells of. It speaks for people at the public boundary, so no act of an operator is among them. */
const GATEWAY_EVENT_TYPES = [
  'cookie.planted',
  'cookie.repeated',
  'csrf.refused',
  'login.refused',
  'login.succeeded',
  'password.changed',
  'password.refused',
  'rate.limited',
  'session.elevated',
  'session.ended',
  'token.guessing',
] as const
export type GatewayEvent = SecurityEvent<(typeof GATEWAY_EVENT_TYPES)[number]>

const GatewayEventSchema = Type.Object(
  { ...SecurityEventSchema.properties, type: Type.Enum(GATEWAY_EVENT_TYPES) },
  closed,
)

/** Answered when the event is in the trail, or counted as lost because there is no room for events of its kind. */
export const RECORD_EVENT = contract('record-event', GatewayEventSchema, Type.Object({}, closed))
