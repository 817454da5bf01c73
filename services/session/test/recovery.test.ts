import { expectJson } from '@curfew/test-kit'
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
      await expectJson(await api.post('/v1/revocations', { scope, reason }), 200)
    await expectJson(await api.post('/v1/tenants/umbrella/suspend'), 200)
    await expectJson(
      await api.put('/v1/tenants/acme/roles/editor', { permissions: ['documents:admin'] }),
      200,
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
    await until('it is ready', () => replica.isReady())
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
    await expectJson(await stage.revokeUser(replica.as(operator), 'alice'), 200)
    await expectJson(
      await replica
        .as(operator)
        .post('/v1/revocations', { scope: { type: 'client', client: 'mobile' }, reason }),
      200,
    )
    await stage.logout(bob)
    await restore(backup)
    expect(await stage.redis.exists(`curfew:session:${bob.session.id}`)).toBe(1)

    await stage.settles(alice, ['revoked'], ['live'])
    await stage.settles(bob, ['revoked', 'unknown'], ['live'])
    await until(
      'what was lost is there again',
      async () => (await stage.redis.exists(`curfew:session:${bob.session.id}`)) === 0,
    )
    expect(await stage.redis.hget('curfew:user:acme/alice', 'w')).not.toBeNull()
    expect(await stage.redis.hget('curfew:wide', 'client:mobile')).not.toBeNull()
    expect(await stage.redis.zcard('curfew:revocations')).toBe(2)
    expect(replica.lines.join('')).toContain('redis-rewound')
    await until('it is ready', () => replica.isReady())
    await stage.settles(operator, ['live'], ['revoked', 'unknown'])
  })

  it('is found out by the next entry as well, without anybody asking', async () => {
    const [operator, alice, bob] = [
      await stage.login('curfew/operator'),
      await stage.login('acme/alice'),
      await stage.login('acme/bob'),
    ]
    const backup = await snapshot()
    await expectJson(await stage.revokeUser(replica.as(operator), 'alice'), 200)
    await restore(backup)
    // Goes to the log without reading anything from Redis.
    await stage.logout(bob)
    await until('it is noticed', () => replica.lines.join('').includes('redis-rewound'))
    await stage.settles(alice, ['revoked'], ['live'])
  })

  it('and has forgotten everything ends sessions, but no revocation and no grant', async () => {
    const alice = await stage.login('acme/alice')
    const operator = await stage.login('curfew/operator')
    await expectJson(
      await replica
        .as(operator)
        .put('/v1/subjects/acme/alice/grants', { roles: [], permissions: ['kept:read'] }),
      200,
    )
    await stage.redis.flushall()
    await stage.settles(alice, ['unknown'], ['live'])
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
    await expect(stage.start()).rejects.toThrow(/there is no such log .* begin a new epoch/)
    await stage.redis.flushall()
    replica = await stage.start()
    expect(await stage.statusOf(alice)).toBe('unknown')
    expect(await stage.permissionsOf(await stage.login('acme/alice'))).toContain('documents:read')
  })

  it('under a running replica makes it answer nothing any more', async () => {
    const alice = await stage.login('acme/alice')
    await deleteLog()
    const said = await stage.logout(alice).catch(() => 'unavailable')
    expect(['unknown', 'unavailable']).toContain(said)
    await until('it is not ready', async () => !(await replica.isReady()))
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
