/**
 * ④ ⑦ Claims in Redis: spent, under way, or broken off with bytes left.
 * Promise: one script decides; when its outcome is unknown the caller hears that, and a repetition never hears `taken` twice.
 */
import type { Delivery, DeliveryEnd } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import type { ClaimLedger, ClaimName } from '../../domain/sessions/ports.ts'
import { RELEASE_CLAIM, TAKE_CLAIM } from './redis-claim-scripts.ts'
import { KEYS } from './redis-keys.ts'

/**
 * The bytes that the buffers between a server and its caller may have lost when the connection broke: sockets buffer a few MiB at each
 * end. Over the life of a claim so many bytes may be sent again, and never more than the file has. A small file fits into the
 * buffers as a whole: a caller whose connection broke before it read anything can start again at its first byte, once.
 */
const REWIND_BYTES_MAX = 16 * 1024 * 1024

const OUTCOMES = { t: 'taken', d: 'spent', u: 'under-way' } as const

export class RedisClaimLedger implements ClaimLedger {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async take(
    { issuer, claimId }: ClaimName,
    delivery: Delivery | undefined,
    rememberMs: number,
  ): Promise<'taken' | 'spent' | 'under-way'> {
    const rewindBytes = Math.min(delivery?.size ?? 0, REWIND_BYTES_MAX)
    const about = [rememberMs, delivery?.id ?? '', delivery?.from ?? 0, rewindBytes]
    const outcome = await this.#redis.eval(TAKE_CLAIM, 1, KEYS.claim(issuer, claimId), ...about)
    return OUTCOMES[outcome as keyof typeof OUTCOMES]
  }

  async release({ issuer, claimId }: ClaimName, { delivery, reached, end }: DeliveryEnd): Promise<void> {
    await this.#redis.eval(RELEASE_CLAIM, 1, KEYS.claim(issuer, claimId), delivery, reached, end)
  }
}
