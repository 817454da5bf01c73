/**
 * ④ Waits for Redis at start.
 * Promise: the service does not begin on a guess about what Redis holds.
 */
import type { Redis } from 'ioredis'

const READY_WITHIN_MS = 10_000

export async function untilReady(redis: Redis): Promise<void> {
  if (redis.status === 'ready') return
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onReady = (): void => resolve()
  redis.once('ready', onReady)
  const timer = setTimeout(reject, READY_WITHIN_MS, new Error('Redis cannot be reached'))
  try {
    await promise
  } finally {
    clearTimeout(timer)
    redis.off('ready', onReady)
  }
}
