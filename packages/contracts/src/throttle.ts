/**
 * ① ④ Counters that all replicas of the gateway share: how often something has been tried within a window.
 * Promise: keys arrive as hashes, so that the counters know neither addresses nor names.
 */
import { Type } from 'typebox'

import { contract } from './requests.ts'

const closed = { additionalProperties: false }

const TakeSchema = Type.Object(
  {
    /** Names the counters: the same key under another policy is another counter. */
    policy: Type.String({ pattern: '^[a-z][a-z-]{0,31}$' }),
    quota: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
    windowSeconds: Type.Integer({ minimum: 1, maximum: 86_400 }),
    /** 32 bytes in base64url. */
    key: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
    /** 0 looks without counting. */
    cost: Type.Integer({ minimum: 0, maximum: 100_000 }),
  },
  closed,
)

const TakenSchema = Type.Object(
  {
    allowed: Type.Boolean(),
    remaining: Type.Integer({ minimum: 0 }),
    /** Until the window ends and the quota is whole again. */
    resetMs: Type.Integer({ minimum: 0 }),
  },
  closed,
)

/** Several at once; answers come in the order of the question. What was taken stays taken, also when refused. */
export const TAKE_QUOTA = contract(
  'take-quota',
  Type.Object({ takes: Type.Array(TakeSchema, { minItems: 1, maxItems: 8 }) }, closed),
  Type.Object({ taken: Type.Array(TakenSchema) }, closed),
)
