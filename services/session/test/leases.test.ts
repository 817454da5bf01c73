import { RESOLVE, resolveSubject, type Audience } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import { expectJson, expectProblem } from '@curfew/test-kit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { TestMember } from './members.ts'
import { ENV, Operating, W_MS } from './operating.ts'
import { until, setStage, type Replica, type Stage } from './stage.ts'

let stage: Stage
let one: Replica
let operating: Operating
beforeEach(async () => {
  stage = await setStage()
  one = await stage.start(ENV)
  operating = new Operating(await stage.login('curfew/operator'), one)
})
afterEach(() => stage[Symbol.asyncDispose]())

describe('the length of leases', () => {
  it('is what the log says: a change is an entry, and the longer one is waited for', async () => {
    await using silent = await new TestMember(stage.gateway, { isSilent: true }).join()
    const two = await stage.start({ SESSION_LEASE_MS: '1000' })
    expect(await silent.renew()).toMatchObject({ outcome: 'granted', leaseMs: 1_000 })
    const answer = await operating.revoke()
    expect(answer.tookMs).toBeGreaterThanOrEqual(W_MS - 5)
    // One that has only now begun knows it as well.
    await stage.stop(two)
    const three = await stage.start({ SESSION_LEASE_MS: '1000' })
    await using another = await new TestMember(stage.gateway, { isSilent: true }).join()
    expect((await operating.revoke(three)).tookMs).toBeGreaterThanOrEqual(W_MS - 5)
    expect(another.id).not.toBe(silent.id)
  })
})

describe('without a lease', () => {
  /** The path is refused for want of a lease, while the log still seems to be followed. */
  async function leaseIsOver(path: string): Promise<void> {
    const reasons = (): string[] => one.lines.filter((line) => line.includes('unavailable: no-lease'))
    expect(reasons()).toEqual([])
    await until('it is refused', async () => {
      const { status } = await operating.at().get(path)
      return status === 503 && reasons().length > 0
    })
    expect(one.lines.join('')).not.toContain('unavailable: log-not-followed')
  }

  it('a replica answers for nobody and begins no session, and goes on as soon as it has one again', async () => {
    const alice = await stage.login('acme/alice')
    await expectJson(await operating.at().get('/v1/sessions'), 200)
    // Nothing is stored any more, and nobody notices that the server is gone.
    await stage.servers.nats.kill('SIGSTOP')
    await leaseIsOver(`/v1/sessions/${alice.session.id}`)
    await expectProblem(await operating.at().get(`/v1/sessions/${alice.session.id}`), 503, 'unavailable')
    await stage.servers.nats.kill('SIGCONT')
    await stage.reconnected()
    await stage.settles(alice, ['live'], ['revoked', 'unknown'])
    expect(await operating.revoke()).toMatchObject({ state: 'confirmed' })
  })

  it('no operator is remembered, even with Redis gone', async () => {
    await expectJson(await operating.at().get('/v1/sessions'), 200)
    await stage.killRedis()
    await expectJson(await operating.at().get('/v1/verifiers'), 200)
    await stage.servers.nats.kill('SIGSTOP')
    // Needs nothing but to know who asks.
    await leaseIsOver('/v1/verifiers')
    await stage.servers.nats.kill('SIGCONT')
    await stage.servers.redis.restart()
    await stage.reconnected()
  })

  it('nothing is answered to who knows more of the log than there is', async () => {
    const alice = await stage.login('acme/alice')
    const question = { sessions: [alice.session.id], minSeq: 1_000_000 }
    const asking = ask(stage.gateway, RESOLVE, resolveSubject(1, 'gateway' as Audience), question)
    await expect(asking).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('the list of verifiers', () => {
  it('says how each is doing', async () => {
    await using member = await new TestMember(stage.gateway).join()
    await member.renew()
    await until('its renewal was heard', async () =>
      (await operating.verifiers()).some(({ cached_sessions: count }) => count === 7),
    )
    const [replica, verifier] = await operating.verifiers()
    expect(replica).toMatchObject({ kind: 'replica', service: 'session', protocol: 1, lag: 0 })
    expect(verifier).toEqual({
      id: member.id,
      kind: 'verifier',
      service: 'gateway',
      host: 'test',
      protocol: 1,
      applied: expect.stringMatching(/^000001\.\d{16}$/) as string,
      lag: expect.any(Number) as number,
      lease_remaining_ms: expect.any(Number) as number,
      cached_sessions: 7,
      joined_at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    })
    for (const each of [replica, verifier]) expect(each?.['lease_remaining_ms']).toBeGreaterThan(0)
  })

  it('is for operators of the whole deployment who may read', async () => {
    const path = '/v1/verifiers'
    const chief = await stage.login('acme/chief')
    await expectProblem(await one.as(chief).get(path), 403, 'forbidden')
    await expectProblem(await one.as(await stage.login('acme/alice')).get(path), 403, 'forbidden')
    expect((await fetch(one.url + path)).status).toBe(401)
  })
})

describe('a log that is not what it was', () => {
  it('is never believed again: nothing is confirmed or answered, and readiness says why', async () => {
    const alice = await stage.login('acme/alice')
    const { connect } = await import('@nats-io/transport-node')
    const { jetstreamManager } = await import('@nats-io/jetstream')
    const { username: user, password: pass } = new URL(
      stage.servers.natsUrl('admin').replace(/^nats:/, 'http:'),
    )
    const nc = await connect({ servers: `127.0.0.1:${stage.servers.nats.port}`, user, pass })
    const { streams } = await jetstreamManager(nc)
    const { config } = await streams.info('CURFEW_1')
    await streams.delete('CURFEW_1')
    await streams.add(config)
    await nc.close()
    await until('it is frozen', async () =>
      /frozen until an operator acts/.test(await (await fetch(`${one.operationsUrl}/readyz`)).text()),
    )
    await expect(stage.statusOf(alice)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(stage.prepare()).rejects.toMatchObject({ code: 'unavailable' })
    await expectProblem(await stage.revokeUser(operating.at(), 'alice'), 503, 'unavailable')
    await expect(new TestMember(stage.gateway).join()).rejects.toMatchObject({ code: 'unavailable' })
    // An older Redis is no reason to look at it again.
    await stage.redis.flushall()
    await expect(stage.statusOf(alice)).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('a log that ends before what Redis was told of it', () => {
  it('is not believed, though this replica has never seen the rest', async () => {
    const alice = await stage.login('acme/alice')
    await stage.redis.set('curfew:applied', `000001.${'9'.repeat(5).padStart(16, '0')}`)
    await until('it is frozen', async () =>
      (await (await fetch(`${one.operationsUrl}/readyz`)).text()).includes(
        'frozen until an operator acts: rolled back',
      ),
    )
    await expect(stage.statusOf(alice)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(stage.start(ENV)).rejects.toThrow(/ends at|rolled back/i)
  })
})

describe('members that are long gone', () => {
  it('are forgotten by Redis when a replica starts, and nobody else is', async () => {
    await using member = await new TestMember(stage.gateway).join()
    await member.leave()
    await until(
      'Redis knows',
      async () => (await stage.redis.hget('curfew:wide', `member:${member.id}`)) !== null,
    )
    const old = JSON.stringify({ member: null, isEvicted: true, at: '2020-01-01T00:00:00.000Z' })
    await stage.redis.hset('curfew:wide', 'member:long-gone', `000001.${'1'.padStart(16, '0')}${old}`)
    await stage.start(ENV)
    expect(await stage.redis.hexists('curfew:wide', 'member:long-gone')).toBe(0)
    expect(await stage.redis.hexists('curfew:wide', `member:${member.id}`)).toBe(1)
  })
})
