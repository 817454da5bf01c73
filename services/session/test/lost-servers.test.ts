import { expectJson, expectProblem, HttpClient } from '@curfew/test-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { setStage, until, type Created, type Replica, type Stage } from './stage.ts'

let stage: Stage
let replica: Replica
beforeEach(async () => {
  stage = await setStage()
  replica = await stage.start()
})
afterEach(() => stage[Symbol.asyncDispose]())

const reason = 'test'
const isReady = async (): Promise<boolean> =>
  (await new HttpClient(replica.url).get('/readyz')).status === 200
const revokeUser = (by: Created, user: string): Promise<Response> =>
  replica.as(by).post('/v1/revocations', { scope: { type: 'user', tenant: 'acme', user }, reason })

/** Asks again and again until the answer is as expected; `forbidden` must never be heard. */
async function untilStatus(of: Created, expected: string[], forbidden: string[]): Promise<void> {
  await until(`status ${expected.join(' or ')}`, async () => {
    const status = await stage.statusOf(of).catch(() => 'unavailable')
    expect(forbidden).not.toContain(status)
    return expected.includes(status)
  })
}

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
    await expectProblem(await revokeUser(stranger, 'alice'), 503, 'unavailable')
    await until('it is not ready', async () => !(await isReady()))

    const answer = await expectJson<{ revocation: { id: string } }>(await revokeUser(operator, 'alice'), 202)
    expect(answer).toMatchObject({ state: 'recorded', recorded: false })
    expect(await stage.logout(bob)).toBe('recorded')
    const one = await replica.as(operator).get(`/v1/revocations/${answer.revocation.id}`)
    expect(await expectJson(one, 200)).toMatchObject({ state: 'recorded', recorded: false })
    const grants = { roles: [], permissions: ['reports:write'] }
    expect(
      await expectJson(await replica.as(operator).put('/v1/subjects/acme/carl/grants', grants), 202),
    ).toMatchObject({ recorded: false })

    await stage.servers.redis.restart()
    await untilStatus(alice, ['revoked'], ['live', 'unknown'])
    await untilStatus(bob, ['revoked', 'unknown'], ['live'])
    await until('it is ready', isReady)
    await until('it is recorded', async () => {
      const response = await replica.as(operator).get(`/v1/revocations/${answer.revocation.id}`)
      return (await expectJson<{ recorded: boolean }>(response, 200)).recorded
    })
    expect(await stage.redis.exists('curfew:user:{acme/carl}')).toBe(1)
  })

  it('a remembered operator who is revoked is remembered no longer', async () => {
    const [operator, other] = [await stage.login('curfew/operator'), await stage.login('curfew/operator')]
    for (const by of [operator, other]) await expectJson(await replica.as(by).get('/v1/sessions'), 200)
    await stage.killRedis()
    await stage.logout(other)
    await expectProblem(await revokeUser(other, 'alice'), 503, 'unavailable')
    const scope = { type: 'user', tenant: 'curfew', user: 'operator' }
    const spared = await replica.as(operator).post('/v1/revocations', { scope, reason, except_current: true })
    await expectJson(spared, 202)
    await expectJson(await replica.as(operator).post('/v1/revocations', { scope, reason }), 202)
    await expectProblem(await revokeUser(operator, 'alice'), 503, 'unavailable')
  })

  it('hanging instead of gone, the answer comes within seconds and is none', async () => {
    const alice = await stage.login('acme/alice')
    await stage.servers.redis.kill('SIGSTOP')
    const startedAt = performance.now()
    await expect(stage.statusOf(alice)).rejects.toMatchObject({ code: 'unavailable' })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    await stage.servers.redis.kill('SIGCONT')
    await untilStatus(alice, ['live'], ['unknown', 'revoked'])
  })

  it('more is revoked than can wait for it, and nothing of that is lost', async () => {
    await stage.stop(replica)
    replica = await stage.start({}, { maxBacklog: 5 })
    await until('it is ready', isReady)
    const sessions = await Promise.all(Array.from({ length: 20 }, () => stage.login('acme/alice')))
    const kept = await stage.login('acme/bob')
    await stage.killRedis()
    for (const session of sessions) expect(await stage.logout(session)).toBe('recorded')
    await stage.servers.redis.restart()
    for (const session of sessions) await untilStatus(session, ['revoked', 'unknown'], ['live'])
    await untilStatus(kept, ['live'], ['revoked', 'unknown'])
    expect(replica.lines.join('')).toContain('view-incomplete')
    await until('it is ready', isReady)
  })
})

describe('while NATS is down', () => {
  it('HTTP answers 503, and goes on when it is back', async () => {
    const operator = await stage.login('curfew/operator')
    const api = replica.as(operator)
    await stage.servers.nats.kill('SIGKILL')
    await until('it is not ready', async () => !(await isReady()))
    const grants = { roles: [], permissions: [] }
    for (const response of [
      await api.get('/v1/sessions'),
      await api.get(`/v1/sessions/${operator.session.id}`),
      await revokeUser(operator, 'alice'),
      await api.put('/v1/subjects/acme/alice/grants', grants),
      await api.post('/v1/tenants/acme/suspend'),
    ])
      await expectProblem(response, 503, 'unavailable')
    await stage.servers.nats.restart()
    await until('it is ready', isReady)
    await expectJson(await revokeUser(operator, 'alice'), 202)
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
      if (response.status !== 202) return false
      const settled = (await response.json()) as typeof answer
      expect(settled.revocation.id).toBe(answer.revocation.id)
      return settled.state === 'recorded'
    })
    const list = await expectJson<{ revocations: object[] }>(await api.get('/v1/revocations'), 200)
    expect(list.revocations).toHaveLength(1)
  })
})

describe('after a restart', () => {
  async function scene(): Promise<Record<string, Created>> {
    const created = {
      live: await stage.login('acme/alice'),
      ended: await stage.login('acme/alice'),
      revoked: await stage.login('acme/bob'),
      byTenant: await stage.login('globex/carol'),
      byClient: await stage.login('initech/dan', { client: 'kiosk' as never }),
      suspended: await stage.login('umbrella/eve'),
      operator: await stage.login('curfew/operator'),
    }
    const api = replica.as(created.operator)
    await stage.logout(created.ended)
    for (const scope of [
      { type: 'user', tenant: 'acme', user: 'bob' },
      { type: 'tenant', tenant: 'globex' },
      { type: 'client', client: 'kiosk' },
    ])
      await expectJson(await api.post('/v1/revocations', { scope, reason }), 202)
    await expectJson(await api.post('/v1/tenants/umbrella/suspend'), 202)
    await expectJson(
      await api.put('/v1/tenants/acme/roles/editor', { permissions: ['documents:admin'] }),
      202,
    )
    expect(await stage.redeem(created.live, 'spent-before')).toBe('redeemed')
    return created
  }

  async function expectScene(created: Record<string, Created>): Promise<void> {
    const statuses = await Promise.all(
      Object.entries(created).map(async ([name, session]) => [name, await stage.statusOf(session)]),
    )
    expect(Object.fromEntries(statuses)).toEqual({
      live: 'live',
      ended: 'unknown',
      revoked: 'revoked',
      byTenant: 'revoked',
      byClient: 'revoked',
      suspended: 'suspended',
      operator: 'live',
    })
    const { live } = created as { live: Created }
    expect(await stage.permissionsOf(live)).toEqual(['documents:admin', 'reports:read'])
    expect(await stage.redeem(live, 'spent-before')).toBe('spent')
  }

  it('of the service everything holds, and the seed changes nothing', async () => {
    const created = await scene()
    await stage.stop(replica)
    replica = await stage.start()
    await expectScene(created)
  })

  it('of Redis and NATS by force everything holds', async () => {
    const created = await scene()
    await Promise.all([stage.killRedis(), stage.servers.nats.kill('SIGKILL')])
    await Promise.all([stage.servers.redis.restart(), stage.servers.nats.restart()])
    await until('it is ready', isReady)
    await stage.reconnected()
    await expectScene(created)
  })

  it('of everything at once everything holds', async () => {
    const created = await scene()
    await stage.stop(replica)
    await Promise.all([stage.killRedis(), stage.servers.nats.kill('SIGKILL')])
    await Promise.all([stage.servers.redis.restart(), stage.servers.nats.restart()])
    replica = await stage.start()
    await stage.reconnected()
    await expectScene(created)
  })
})

describe('a Redis that has gone back in time', () => {
  it('is not believed; what it has lost is written again from the log', async () => {
    const [operator, alice, bob] = [
      await stage.login('curfew/operator'),
      await stage.login('acme/alice'),
      await stage.login('acme/bob'),
    ]
    const backup = await snapshot()
    await expectJson(await revokeUser(operator, 'alice'), 202)
    await expectJson(
      await replica
        .as(operator)
        .post('/v1/revocations', { scope: { type: 'client', client: 'cli' }, reason }),
      202,
    )
    await stage.logout(bob)
    await restore(backup)
    expect(await stage.redis.exists(`curfew:session:{${bob.session.id}}`)).toBe(1)

    await untilStatus(alice, ['revoked'], ['live'])
    await untilStatus(bob, ['revoked', 'unknown'], ['live'])
    await until(
      'what was lost is there again',
      async () => (await stage.redis.exists(`curfew:session:{${bob.session.id}}`)) === 0,
    )
    expect(await stage.redis.hget('curfew:user:{acme/alice}', 'w')).not.toBeNull()
    expect(await stage.redis.hget('curfew:wide', 'client:cli')).not.toBeNull()
    expect(await stage.redis.zcard('curfew:revocations')).toBe(2)
    expect(replica.lines.join('')).toContain('redis-rewound')
    await until('it is ready', isReady)
    await untilStatus(operator, ['live'], ['revoked', 'unknown'])
  })

  it('is found out by the next entry as well, without anybody asking', async () => {
    const [operator, alice, bob] = [
      await stage.login('curfew/operator'),
      await stage.login('acme/alice'),
      await stage.login('acme/bob'),
    ]
    const backup = await snapshot()
    await expectJson(await revokeUser(operator, 'alice'), 202)
    await restore(backup)
    // Goes to the log without reading anything from Redis.
    await stage.logout(bob)
    await until('it is noticed', () => replica.lines.join('').includes('redis-rewound'))
    await untilStatus(alice, ['revoked'], ['live'])
  })

  it('and has forgotten everything ends sessions, but no revocation and no grant', async () => {
    const alice = await stage.login('acme/alice')
    const operator = await stage.login('curfew/operator')
    await expectJson(
      await replica
        .as(operator)
        .put('/v1/subjects/acme/alice/grants', { roles: [], permissions: ['kept:read'] }),
      202,
    )
    await stage.redis.flushall()
    await untilStatus(alice, ['unknown'], ['live'])
    const again = await stage.login('acme/alice')
    expect(await stage.permissionsOf(again)).toEqual(['kept:read'])
  })

  async function snapshot(): Promise<Map<string, Buffer>> {
    const keys = await stage.redis.keys('curfew:*')
    const dumps = await Promise.all(keys.map((key) => stage.redis.dumpBuffer(key)))
    return new Map(keys.map((key, index) => [key, dumps[index] as Buffer]))
  }

  async function restore(backup: ReadonlyMap<string, Buffer>): Promise<void> {
    const transaction = stage.redis.multi().flushall()
    for (const [key, dump] of backup) transaction.restore(key, 0, dump)
    await transaction.exec()
  }
})

describe('a log that is gone', () => {
  it('stops the start with a message that says what to do, unless Redis is new as well', async () => {
    const alice = await stage.login('acme/alice')
    await stage.stop(replica)
    await deleteLog()
    await expect(stage.start()).rejects.toThrow(
      /^Redis knows the revocation log up to .* NATS has no stream of it/,
    )
    await stage.redis.flushall()
    replica = await stage.start()
    expect(await stage.statusOf(alice)).toBe('unknown')
    expect(await stage.permissionsOf(await stage.login('acme/alice'))).toContain('documents:read')
  })

  it('under a running replica makes it answer nothing any more', async () => {
    const alice = await stage.login('acme/alice')
    await deleteLog()
    await expect(stage.logout(alice))
      .resolves.toBe('unknown')
      .catch(() => undefined)
    await until('it is not ready', async () => !(await isReady()))
    await expect(stage.statusOf(alice)).rejects.toMatchObject({ code: 'unavailable' })
  })

  async function deleteLog(): Promise<void> {
    const { connect } = await import('@nats-io/transport-node')
    const { jetstreamManager } = await import('@nats-io/jetstream')
    const nc = await connect({ servers: `127.0.0.1:${stage.servers.nats.port}`, ...adminOf(stage) })
    await (await jetstreamManager(nc)).streams.delete('CURFEW_1')
    await nc.close()
  }
})

function adminOf({ servers }: Stage): { user: string; pass: string } {
  const { username, password } = new URL(servers.natsUrl('admin').replace(/^nats:/, 'http:'))
  return { user: username, pass: password }
}
