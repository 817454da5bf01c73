/**
 * ④ Counts calls in Redis, so that all replicas share one count.
 * Promise: taking is one atomic step, and a counter goes away by itself with its window. While Redis is away each replica
 * counts by itself: a limit neither falls nor locks everybody out with it.
 */
import { hash } from 'node:crypto'

import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible'

import type { Taken, Throttle, ThrottlePolicy } from '../../domain/operators/throttle.ts'
import { KEYS } from './redis-keys.ts'

/** Policies are written down in code and settings; somebody who makes them up meets this. */
const LIMITERS_MAX = 256

export class RedisThrottle implements Throttle {
  readonly #redis: Redis
  readonly #limiters = new Map<string, RateLimiterRedis>()

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async take(policy: ThrottlePolicy, key: string, cost = 1): Promise<Taken> {
    const limiter = this.#limiterOf(policy)
    // Keys hold addresses and names that come from outside: hashed, they are short, harmless and nobody's.
    const hashed = hash('sha256', key, 'base64url')
    if (cost === 0) {
      const seen = await limiter.get(hashed)
      if (seen === null) return { allowed: true, remaining: policy.limit, resetMs: 0 }
      return { ...takenOf(seen, policy), isFirstRefusal: false }
    }
    try {
      return takenOf(await limiter.consume(hashed, cost), policy)
    } catch (outcome) {
      if (!(outcome instanceof RateLimiterRes)) throw outcome
      const isFirstRefusal = outcome.consumedPoints - cost <= policy.limit
      return { ...takenOf(outcome, policy), isFirstRefusal }
    }
  }

  #limiterOf({ name, limit, windowSeconds }: ThrottlePolicy): RateLimiterRedis {
    const id = `${name} ${limit} ${windowSeconds}`
    const known = this.#limiters.get(id)
    if (known !== undefined) return known
    if (this.#limiters.size >= LIMITERS_MAX) this.#limiters.clear()
    const options = { keyPrefix: KEYS.throttle(name), points: limit, duration: windowSeconds }
    const limiter = new RateLimiterRedis({
      ...options,
      storeClient: this.#redis,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(options),
    })
    this.#limiters.set(id, limiter)
    return limiter
  }
}

function takenOf({ consumedPoints, msBeforeNext }: RateLimiterRes, { limit }: ThrottlePolicy): Taken {
  return {
    allowed: consumedPoints <= limit,
    remaining: Math.max(0, limit - consumedPoints),
    resetMs: Math.max(0, Math.ceil(msBeforeNext)),
  }
}
