import { ACCOUNTS_BUCKET } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { expectJson, expectProblem } from '@curfew/test-kit'
import { jetstreamManager } from '@nats-io/jetstream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { setStage, until, type Replica, type Stage } from './stage.ts'

let stage: Stage
let replica: Replica
beforeEach(async () => {
  stage = await setStage()
  replica = await stage.start()
})
afterEach(() => stage[Symbol.asyncDispose]())

const reason = 'test'

describe('while Redis is down', () => {
  it('nothing is decided, and revocations still take effect', async () => {
    const [operator, alice, bob, stranger] = [
      await stage.login('curfew/operator'),
      await stage.login('acme/alice'),
      await stage.login('acme/bob'),
      await stage.login('curfew/operator'),
    ]
    await expectJson(await replica.as(operator).get('/v1/sessions'), 200)
    await stage.killRedis()

    await expect(stage.statusOf(alice)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(stage.login('acme/alice')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(stage.redeem(alice, 'jti')).rejects.toMatchObject({ code: 'unavailable' })
    await expectProblem(await replica.as(operator).get('/v1/sessions'), 503, 'unavailable')
    await expectProblem(
      await replica.as(operator).get(`/v1/sessions/${alice.session.id}`),
      503,
      'unavailable',
    )
    // Nobody here knows this one, so it is no verdict either.
    await expectProblem(await stage.revokeUser(replica.as(stranger), 'alice'), 503, 'unavailable')
    await until('it is not ready', async () => !(await replica.isReady()))

    const answer = await expectJson<{ revocation: { id: string } }>(
      await stage.revokeUser(replica.as(operator), 'alice'),
      200,
    )
    expect(answer).toMatchObject({ state: 'confirmed', recorded: false })
    expect(await stage.logout(bob)).toBe('confirmed')
    const one = await replica.as(operator).get(`/v1/revocations/${answer.revocation.id}`)
    expect(await expectJson(one, 200)).toMatchObject({ state: 'confirmed', recorded: false })
    const grants = { roles: [], permissions: ['reports:write'] }
    expect(
      await expectJson(await replica.as(operator).put('/v1/subjects/acme/carl/grants', grants), 200),
    ).toMatchObject({ recorded: false })

    await stage.servers.redis.restart()
    await stage.settles(alice, ['revoked'], ['live', 'unknown'])
    await stage.settles(bob, ['revoked', 'unknown'], ['live'])
    await until('it is ready', () => replica.isReady())
    await until('it is recorded', async () => {
      const response = await replica.as(operator).get(`/v1/revocations/${answer.revocation.id}`)
      return (await expectJson<{ recorded: boolean }>(response, 200)).recorded
    })
    expect(await stage.redis.hexists('curfew:user:acme/carl', 'g')).toBe(1)
  })

  it('a remembered operator who is revoked is remembered no longer', async () => {
    const [operator, other] = [await stage.login('curfew/operator'), await stage.login('curfew/operator')]
    for (const by of [operator, other]) await expectJson(await replica.as(by).get('/v1/sessions'), 200)
    await stage.killRedis()
    await stage.logout(other)
    await expectProblem(await stage.revokeUser(replica.as(other), 'alice'), 503, 'unavailable')
    const scope = { type: 'user', tenant: 'curfew', user: 'operator' }
    const spared = await replica.as(operator).post('/v1/revocations', { scope, reason, except_current: true })
    await expectJson(spared, 200)
    await expectJson(await replica.as(operator).post('/v1/revocations', { scope, reason }), 200)
    await expectProblem(await stage.revokeUser(replica.as(operator), 'alice'), 503, 'unavailable')
  })

  it('hanging instead of gone, the answer comes within seconds and is none', async () => {
    const alice = await stage.login('acme/alice')
    await stage.servers.redis.kill('SIGSTOP')
    const startedAt = performance.now()
    await expect(stage.statusOf(alice)).rejects.toMatchObject({ code: 'unavailable' })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    await stage.servers.redis.kill('SIGCONT')
    await stage.settles(alice, ['live'], ['unknown', 'revoked'])
  })

  it('more is revoked than can wait for it, and nothing of that is lost', async () => {
    await stage.stop(replica)
    replica = await stage.start({}, { maxBacklog: 5 })
    await until('it is ready', () => replica.isReady())
    const sessions = await Promise.all(Array.from({ length: 20 }, () => stage.login('acme/alice')))
    const kept = await stage.login('acme/bob')
    await stage.killRedis()
    for (const session of sessions) expect(await stage.logout(session)).toBe('confirmed')
    await stage.servers.redis.restart()
    for (const session of sessions) await stage.settles(session, ['revoked', 'unknown'], ['live'])
    await stage.settles(kept, ['live'], ['revoked', 'unknown'])
    expect(replica.lines.join('')).toContain('view-incomplete')
    await until('it is ready', () => replica.isReady())
  })
})

describe('a Redis that may evict keys', () => {
  it('is not started on, and a replica that meets it later is not ready and says why', async () => {
    await stage.redis.config('SET', 'maxmemory-policy', 'volatile-lru')
    await expect(stage.start()).rejects.toThrow('maxmemory-policy is volatile-lru')
    await until('it is not ready', async () => !(await replica.isReady()))
    await stage.redis.config('SET', 'maxmemory-policy', 'noeviction')
    await until('it is ready', () => replica.isReady())
    await stage.start()
  })

  it('and one that takes no writes makes logins and claims unavailable, never refused, and revocations take effect', async () => {
    const [operator, alice] = [await stage.login('curfew/operator'), await stage.login('acme/alice')]
    await stage.redis.config('SET', 'min-replicas-to-write', '1')
    await until('it is not ready', async () => !(await replica.isReady()))
    await expect(stage.login('acme/alice')).rejects.toMatchObject({ code: 'unavailable' })
    await expect(stage.redeem(alice, 'jti')).rejects.toMatchObject({ code: 'unavailable' })
    const statuses = new Set<number>()
    await until('the revocation is recorded', async () => {
      statuses.add((await stage.revokeUser(replica.as(operator), 'bob')).status)
      return statuses.has(200)
    })
    // The connection is renewed after a refused write: meanwhile nobody can be looked up.
    expect([...statuses].filter((status) => status !== 503)).toEqual([200])
    await stage.redis.config('SET', 'min-replicas-to-write', '0')
    await until('it is ready', () => replica.isReady())
    expect(await stage.redeem(alice, 'jti')).toBe('redeemed')
  })
})

describe('while NATS is down', () => {
  it('HTTP answers 503, and goes on when it is back', async () => {
    const operator = await stage.login('curfew/operator')
    const api = replica.as(operator)
    await stage.servers.nats.kill('SIGKILL')
    await until('it is not ready', async () => !(await replica.isReady()))
    const grants = { roles: [], permissions: [] }
    for (const response of [
      await api.get('/v1/sessions'),
      await api.get(`/v1/sessions/${operator.session.id}`),
      await stage.revokeUser(replica.as(operator), 'alice'),
      await api.put('/v1/subjects/acme/alice/grants', grants),
      await api.post('/v1/tenants/acme/suspend'),
    ])
      await expectProblem(response, 503, 'unavailable')
    await stage.servers.nats.restart()
    await until('it is ready', () => replica.isReady())
    await expectJson(await stage.revokeUser(replica.as(operator), 'alice'), 200)
  })

  it('hanging under one search of a tenant, the next wait in a short queue, and more heavy reads are refused', async () => {
    const [chief, other] = [
      replica.as(await stage.login('acme/chief')),
      replica.as(await stage.login('globex/chief')),
    ]
    const search = '/v1/audit?user=nobody'
    await stage.servers.nats.kill('SIGSTOP')
    let refused = 0
    const searches = Array.from({ length: 12 }, async () => {
      const response = await chief.get(search)
      if (response.status === 429) refused += 1
      return response
    })
    await until('the queue is full', () => refused === 3)
    const scope = { type: 'tenant', tenant: 'acme' }
    for (const response of [
      await chief.get(search),
      await chief.get('/v1/sessions'),
      await chief.get('/v1/revocations'),
      await chief.get('/v1/statistics?minutes=1440'),
      await chief.post('/v1/revocations', { scope, reason, dry_run: true }),
    ]) {
      await expectProblem(response, 429, 'too-many-requests')
      expect(response.headers.get('retry-after')).toBe('2')
    }
    // The queue is the tenant's own, and ordinary reads have none.
    for (const response of [await other.get('/v1/sessions'), await chief.get('/v1/roles')])
      await expectJson(response, 200)
    await stage.servers.nats.kill('SIGCONT')
    const statuses = (await Promise.all(searches)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 429)).toHaveLength(3)
    await expectJson(await chief.get(search), 200)
  })

  it('losing it at the worst moment leaves an outcome unknown, which the same key settles', async () => {
    const operator = await stage.login('curfew/operator')
    const api = replica.as(operator)
    await expectJson(await api.get('/v1/sessions'), 200)
    const ask = (): Promise<Response> =>
      api.request('POST', '/v1/revocations', {
        json: { scope: { type: 'client', client: 'browser-x' }, reason },
        headers: { 'idempotency-key': 'worst-moment' },
      })
    await stage.servers.nats.kill('SIGSTOP')
    const asked = ask()
    const answer = await expectJson<{ state: string; revocation: { id: string } }>(await asked, 202)
    expect(answer).toMatchObject({ state: 'unknown', recorded: false, revocation: { position: null } })
    await stage.servers.nats.kill('SIGCONT')
    await until('the key settles it', async () => {
      const response = await ask()
      if (response.status !== 200) return false
      const settled = (await response.json()) as typeof answer
      expect(settled.revocation.id).toBe(answer.revocation.id)
      return settled.state === 'confirmed'
    })
    const list = await expectJson<{ revocations: object[] }>(await api.get('/v1/revocations'), 200)
    expect(list.revocations).toHaveLength(1)
  })
})

describe('changed passwords that are still in the account of the log', () => {
  it('keep a replica from starting, which says how to move them: nobody could be sure that old passwords are refused', async () => {
    const admin = await connectMessaging({ url: stage.servers.natsUrl('admin'), name: 'test-admin' })
    const { streams } = await jetstreamManager(admin)
    await streams.add({ name: `KV_${ACCOUNTS_BUCKET}`, subjects: [`$KV.${ACCOUNTS_BUCKET}.>`] })
    await expect(stage.start()).rejects.toThrow(
      /still in the NATS account of the log.*curfew:move-passwords/s,
    )
    await streams.delete(`KV_${ACCOUNTS_BUCKET}`)
    await stage.start()
    await admin.close()
  })
})
