/**
 * ⑦ → ④ What the file service asks of the session authority about a one-time claim that it has verified.
 */
import { Type, type Static } from 'typebox'

import { PermissionSchema, SessionIdSchema, TenantIdSchema, UserIdSchema } from './identifiers.ts'
import { contract } from './requests.ts'

const closed = { additionalProperties: false }
const Bytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })

/** What the authority remembers a claim by. */
const claim = {
  issuer: Type.String({ minLength: 1, maxLength: 255 }),
  claimId: Type.String({ minLength: 1, maxLength: 128 }),
}
/** On whose behalf a claim was minted, and on what grounds. */
const grounds = {
  session: SessionIdSchema,
  tenant: TenantIdSchema,
  user: UserIdSchema,
  /** Which the session has to have at the moment of asking. */
  permission: Type.Optional(PermissionSchema),
}
/** One attempt to deliver: random, so that a late word about an earlier one is not taken for this one's. */
const DeliveryId = Type.String({ minLength: 16, maxLength: 64 })
/** `from` is the offset of the first byte that is about to be sent, `size` that of the whole file. */
const DeliverySchema = Type.Object({ id: DeliveryId, from: Bytes, size: Bytes }, closed)
export type Delivery = Static<typeof DeliverySchema>

const deliveryEnd = {
  delivery: DeliveryId,
  /** The offset behind the last byte that was handed to the network. */
  reached: Bytes,
  /** `done`: nothing is left. `part`: what was asked for has arrived, there is more. `broken`: the caller went away. */
  end: Type.Union([Type.Literal('done'), Type.Literal('part'), Type.Literal('broken')]),
}
const DeliveryEndSchema = Type.Object(deliveryEnd, closed)
export type DeliveryEnd = Static<typeof DeliveryEndSchema>

/**
 * Spends a one-time claim: exactly one caller ever hears `redeemed`. With `delivery`, the caller is about to send bytes and
 * will say how far it came (RELEASE_CLAIM): until then everybody else hears `under-way`, and after a delivery that broke
 * off somebody may hear `redeemed` for the bytes that are left.
 */
export const REDEEM_CLAIM = contract(
  'redeem-claim',
  Type.Object(
    {
      ...claim,
      /** NumericDate of `exp`, seconds: how long the spending is remembered, plus the allowed skew. */
      expiresAtSeconds: Type.Integer({ minimum: 0 }),
      ...grounds,
      delivery: Type.Optional(DeliverySchema),
    },
    closed,
  ),
  Type.Object(
    {
      outcome: Type.Union([
        Type.Literal('redeemed'),
        Type.Literal('spent'),
        Type.Literal('under-way'),
        Type.Literal('withdrawn'),
      ]),
    },
    closed,
  ),
)

/** How far a delivery came. Saying it twice, or late, changes nothing. */
export const RELEASE_CLAIM = contract(
  'release-claim',
  Type.Object(
    {
      ...claim,
      ...deliveryEnd,
    },
    closed,
  ),
  Type.Object({}, closed),
)

export const MAX_CHECKED_CLAIMS = 256

/** Whether the grounds of deliveries that are under way still stand, in the order of the question. */
export const CHECK_CLAIMS = contract(
  'check-claims',
  Type.Object(
    { grounds: Type.Array(Type.Object(grounds, closed), { minItems: 1, maxItems: MAX_CHECKED_CLAIMS }) },
    closed,
  ),
  Type.Object({ stand: Type.Array(Type.Boolean()) }, closed),
)
