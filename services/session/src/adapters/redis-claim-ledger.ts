/**
 * ④ ⑦ Spent claims in Redis.
 * Promise: one SET NX decides; when its outcome is unknown the caller hears that, and a repetition hears `spent`.
 */
import type { Redis } from 'ioredis'

import type { ClaimLedger } from '../ports.ts'
import { KEYS } from './redis-keys.ts'

export class RedisClaimLedger implements ClaimLedger {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async spend(issuer: string, claimId: string, rememberMs: number): Promise<boolean> {
    return (await this.#redis.set(KEYS.claim(issuer, claimId), '1', 'PX', rememberMs, 'NX')) === 'OK'
  }
}
