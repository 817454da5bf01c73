import { hashSecret, newSessionSecret } from '@curfew/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { ReplicaProcess, TestMember } from './members.ts'
import { TestVerifier, hashIn, rotate, tryRotate } from './rotating.ts'
import { setStage, until, type Created, type Stage } from './stage.ts'

let stage: Stage
let one: TestVerifier
let two: TestVerifier
beforeAll(async () => {
  stage = await setStage()
  await Promise.all([stage.start(), stage.start()])
  one = await TestVerifier.start(stage)
  two = await TestVerifier.start(stage)
})
afterAll(async () => {
  for (const verifier of [one, two]) await verifier[Symbol.asyncDispose]()
  await stage[Symbol.asyncDispose]()
})

const recordOf = ({ session }: Created) => stage.redis.hgetall(`curfew:session:${session.id}`)

describe('a rotation that is interrupted', () => {
  const pending = (created: Created, begunAtMs: number) =>
    stage.redis.hset(
      `curfew:session:${created.session.id}`,
      'k',
      `${hashSecret(newSessionSecret())}${begunAtMs}`,
    )

  it('before the log has heard of it leaves the old secret in place, and another one may begin', async () => {
    const before = await stage.login('acme/alice')
    await pending(before, Date.now())
    for (const verifier of [one, two]) expect(await verifier.verdictOn(before.token)).toBe('admitted')
    const after = await rotate(stage, before)
    expect(await one.verdictOn(after.token)).toBe('admitted')
    expect((await recordOf(after))['k']).toBeUndefined()
  })

  it('is withdrawn after a while, so that the session is remembered again and it cannot go on', async () => {
    const before = await stage.login('acme/alice')
    await pending(before, Date.now() - 31_000)
    await one.remembers(before)
    expect((await recordOf(before))['k']).toBeUndefined()
  })

  it('by the death of its replica while a member is waited for locks nobody out', async () => {
    await using own = await setStage()
    const env = { SESSION_LEASE_MS: '3000' }
    await using dying = await ReplicaProcess.start(own, env)
    await using gateway = await TestVerifier.start(own)
    const before = await own.login('acme/alice')
    await gateway.remembers(before)
    await using silent = await new TestMember(own.gateway, { isSilent: true }).join()
    const answer = tryRotate(own, before, {}, 2_000).catch((error: unknown) => error)
    const key = `curfew:session:${before.session.id}`
    await until('it has begun', async () => (await own.redis.hexists(key, 'k')) === 1)
    expect(await gateway.verdictOn(before.token)).toBe('admitted')
    await dying.kill()
    await own.start(env)
    expect(await answer).toBeInstanceOf(Error)
    expect(silent.id).toBeDefined()
    await until('the old secret works', async () => (await gateway.verdictOn(before.token)) === 'admitted')
    expect(await own.redis.hget(key, 'h')).toBe(hashIn(before.token))
    const after = await rotate(own, before)
    expect(await gateway.verdictOn(after.token)).toBe('admitted')
  })

  it('by the loss of Redis or of NATS is answered with no token, and the old secret works afterwards', async () => {
    await using own = await setStage()
    await own.start()
    for (const server of ['redis', 'nats'] as const) {
      const before = await own.login('acme/alice')
      if (server === 'redis') await own.killRedis()
      else await own.servers.nats.kill('SIGKILL')
      await expect(tryRotate(own, before)).rejects.toMatchObject({ name: 'RequestFailed' })
      await own.servers[server].restart()
      await own.reconnected()
      await own.settles(before, ['live'], ['revoked', 'unknown', 'expired'])
      expect((await rotate(own, before)).session.id).toBe(before.session.id)
    }
  })
})

it('a member that is silent holds up the answer until it can do no harm', async () => {
  await using own = await setStage()
  await own.start({ SESSION_LEASE_MS: '1000' })
  const before = await own.login('acme/alice')
  await using silent = await new TestMember(own.gateway, { isSilent: true }).join()
  const startedMs = performance.now()
  await rotate(own, before)
  expect(silent.id).toBeDefined()
  expect(performance.now() - startedMs).toBeGreaterThan(1_000)
})
