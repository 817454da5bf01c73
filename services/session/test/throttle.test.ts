import { hash } from 'node:crypto'

import { SUBJECTS, TAKE_QUOTA } from '@curfew/contracts'
import { RequestFailed, ask, connectMessaging } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { RedisThrottle } from '../src/adapters/redis/redis-throttle.ts'
import { setStage, type Stage } from './stage.ts'

let stage: Stage
let nc: NatsConnection
beforeAll(async () => {
  stage = await setStage()
  await stage.start()
  await stage.start()
  nc = await connectMessaging({ url: stage.servers.natsUrl('gateway'), name: 'test' })
})
afterAll(async () => {
  await nc.close()
  await stage[Symbol.asyncDispose]()
})

const keyOf = (name: string): string => hash('sha256', name, 'base64url')
const policy = { policy: 'test', quota: 5, windowSeconds: 60 }
const take = async (name: string, overrides: Partial<typeof policy & { cost: number }> = {}) => {
  const takes = [{ ...policy, key: keyOf(name), cost: 1, ...overrides }]
  const { taken } = await ask(nc, TAKE_QUOTA, SUBJECTS.takeQuota, { takes })
  const [first] = taken
  if (first === undefined) throw new Error('nothing was answered')
  return first
}

describe('a quota', () => {
  it('is shared by all replicas: of a hundred who take at once it lets exactly so many', async () => {
    const taken = await Promise.all(Array.from({ length: 100 }, () => take('crowd')))
    expect(taken.filter(({ allowed }) => allowed)).toHaveLength(5)
    expect(
      taken
        .map(({ remaining }) => remaining)
        .toSorted((a, b) => b - a)
        .slice(0, 6),
    ).toEqual([4, 3, 2, 1, 0, 0])
  })

  it('can be looked at without taking, also before anything was taken', async () => {
    for (let times = 0; times < 10; times += 1)
      expect(await take('looked-at', { cost: 0 })).toMatchObject({ allowed: true, remaining: 5 })
    await take('looked-at', { cost: 3 })
    expect(await take('looked-at', { cost: 0 })).toMatchObject({ allowed: true, remaining: 2 })
    await take('looked-at', { cost: 3 })
    expect(await take('looked-at', { cost: 0 })).toMatchObject({ allowed: false, remaining: 0 })
  })

  it('is whole again after its window, which refusals do not make longer', async () => {
    const window = { windowSeconds: 1, quota: 1 }
    expect((await take('short', window)).allowed).toBe(true)
    const refused = await take('short', window)
    expect(refused.allowed).toBe(false)
    expect(refused.resetMs).toBeLessThanOrEqual(1_000)
    const deadline = performance.now() + 5_000
    let again = await take('short', window)
    while (!again.allowed && performance.now() < deadline) again = await take('short', window)
    expect(again.allowed).toBe(true)
  })

  it('of one policy is none of another', async () => {
    await take('shared', { cost: 5 })
    expect((await take('shared')).allowed).toBe(false)
    expect((await take('shared', { policy: 'other' })).allowed).toBe(true)
  })

  it('leaves nothing in Redis that stays', async () => {
    await take('left-over')
    const keys = await stage.redis.keys('curfew:throttle:*')
    expect(keys.filter((key) => key.startsWith('curfew:throttle:test:'))).not.toEqual([])
    for (const key of keys) expect(await stage.redis.pttl(key)).toBeGreaterThan(-1)
  })

  it.each([
    ['a key that is no hash', { key: 'alice' }],
    ['a key that reaches elsewhere', { key: `${'a'.repeat(42)}:` }],
    ['a policy that is no word', { policy: 'a:b' }],
    ['no window', { windowSeconds: 0 }],
    ['less than nothing', { cost: -1 }],
  ])('is not counted by %s', async (_, overrides) => {
    await expect(take('x', overrides as never)).rejects.toBeInstanceOf(RequestFailed)
  })
})

it('without Redis a replica counts by itself: it neither lets everybody in nor locks everybody out', async () => {
  const { redis } = stage
  const away = redis.duplicate({ lazyConnect: true, enableOfflineQueue: false })
  const throttle = new RedisThrottle(away)
  const limits = { name: 'test', limit: 5, windowSeconds: 60 }
  const taken = await Promise.all(Array.from({ length: 20 }, () => throttle.take(limits, 'x')))
  expect(taken.filter(({ allowed }) => allowed)).toHaveLength(5)
  expect(await throttle.take(limits, 'x', 0)).toMatchObject({ allowed: false })
  away.disconnect()
})
