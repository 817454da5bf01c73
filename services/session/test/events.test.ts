import { randomUUID } from 'node:crypto'

import { type BearerClient, EventReader, expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { sessionIdOf, setStage, TestClock, until, type Created, type Replica, type Stage } from './stage.ts'

const clock = new TestClock()

let stage: Stage
let one: Replica
let operator: Created
let by: BearerClient
beforeAll(async () => {
  stage = await setStage()
  one = await stage.start({}, { clock })
  operator = await stage.login('curfew/operator')
  by = one.as(operator)
})
afterAll(() => stage[Symbol.asyncDispose]())

interface Entry {
  readonly position: string
  readonly reason?: string
}

class Watch implements AsyncDisposable {
  readonly reader: EventReader
  readonly #gone: AbortController

  constructor(reader: EventReader, gone: AbortController) {
    this.reader = reader
    this.#gone = gone
  }

  /** Ids of what has come, the position that it began with included. */
  get ids(): (string | undefined)[] {
    return this.reader.events.map(({ id }) => id)
  }

  get reasons(): (string | undefined)[] {
    return this.reader.of<Entry>('revoked').map(({ reason }) => reason)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone.abort()
    await this.reader.ended
  }
}

async function watch(client: BearerClient, lastEventId?: string): Promise<Watch> {
  const gone = new AbortController()
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const response = await client.request('GET', '/v1/events', { headers, signal: gone.signal })
  expect(response.status).toBe(200)
  const reader = new EventReader(response)
  await until('it has begun', () => reader.events.length > 0)
  return new Watch(reader, gone)
}

async function revoke(scope: object, client = by): Promise<string> {
  const reason = randomUUID()
  await expectJson(await client.post('/v1/revocations', { scope, reason }), 200)
  return reason
}

const user = (tenant: string, name: string): object => ({ type: 'user', tenant, user: name })

describe('the log as it grows', () => {
  it('is told in order, each entry under its position, with who did what to whom and why', async () => {
    await using watching = await watch(by)
    const first = await revoke(user('acme', 'alice'))
    await by.put('/v1/subjects/acme/bob/grants', { roles: ['viewer'], permissions: [] })
    const second = await revoke({ type: 'client', client: 'none' })
    await until('both have come', () => watching.reasons.includes(second))
    expect(watching.reader.names).toEqual(['position', 'revoked', 'grants-changed', 'revoked'])
    expect(watching.reader.events[1]).toMatchObject({
      id: watching.reader.of<Entry>('revoked')[0]?.position,
      data: { type: 'revoked', actor: 'curfew/operator', reason: first, scope: user('acme', 'alice') },
    })
    expect(watching.ids).toEqual(watching.ids.toSorted((a = '', b = '') => (a < b ? -1 : 1)))
    expect(JSON.stringify(watching.reader.events)).not.toMatch(/ackTo|cf[sr]_/)
  })

  it('goes on where somebody left off, without a gap while it is remembered', async () => {
    const before = await watch(by)
    const seen = await revoke(user('acme', 'alice'))
    await until('it has come', () => before.reasons.includes(seen))
    await before[Symbol.asyncDispose]()
    // The same entity twice: the log keeps the second alone.
    const missed = [await revoke(user('acme', 'alice')), await revoke(user('acme', 'alice'))]
    await using after = await watch(by, before.ids.at(-1))
    await until('what was missed has come', () => after.reasons.length === 2)
    expect(after.reasons).toEqual(missed)
    expect(after.reader.names).not.toContain('gap')
  })

  it('goes on at another replica, which calls a gap what the log does not hold any more', async () => {
    await using before = await watch(by)
    const lost = await revoke(user('acme', 'dora'))
    const kept = [await revoke(user('acme', 'dora')), await revoke(user('acme', 'eve'))]
    const two = await stage.start()
    await using after = await watch(two.as(operator), before.ids[0])
    await until('what the log holds has come', () => after.reasons.length >= 2)
    expect(after.reasons).toEqual(kept)
    expect(after.reasons).not.toContain(lost)
    expect(after.reader.names.indexOf('gap')).toBe(1)
    const next = await revoke(user('acme', 'fay'))
    await until('it is live', () => after.reasons.includes(next))
    await stage.stop(two)
    await after.reader.ended
  })

  it('refuses what is no event of it', async () => {
    const headers = { 'last-event-id': '42' }
    await expectProblem(await by.get('/v1/events', headers), 400, 'bad-request')
  })
})

describe('an operator of one tenant', () => {
  it('is told of his tenant and of nothing else', async () => {
    await using watching = await watch(one.as(await stage.login('acme/chief')))
    const { session } = await stage.login('globex/carol')
    await revoke({ type: 'session', session: session.id })
    await revoke(user('globex', 'carol'))
    await revoke({ type: 'client', client: 'none' })
    await by.put('/v1/tenants/globex/roles/viewer', { permissions: [] })
    await by.post('/v1/subjects/globex/carol/suspend', {})
    await using member = await watch(by)
    const mine = await revoke(user('acme', 'alice'))
    await until('his own has come', () => watching.reasons.includes(mine))
    expect(watching.reader.names).toEqual(['position', 'revoked'])
    expect(JSON.stringify(watching.reader.events)).not.toContain('globex')
    expect(member.reader.isOver).toBe(false)
  })
})

describe('a stream ends', () => {
  it('with the session, and before anything that comes later', async () => {
    const other = await stage.login('curfew/operator')
    await using watching = await watch(one.as(other))
    await stage.logout(other)
    await revoke(user('acme', 'alice'))
    await watching.reader.ended
    expect(watching.reader.names.at(-1)).toBe('ended')
    expect(watching.reader.names).not.toContain('revoked')
  })

  it('with the permission to read', async () => {
    const grants = { roles: [], permissions: ['curfew:read'] }
    await by.put('/v1/subjects/acme/watcher/grants', grants)
    await using watching = await watch(one.as(await stage.login('acme/watcher')))
    await by.put('/v1/subjects/acme/watcher/grants', { roles: [], permissions: [] })
    await watching.reader.ended
    expect(watching.reader.names).toEqual(['position', 'ended'])
  })

  it('with the idle session of which it is no activity', async () => {
    const other = await stage.login('curfew/operator')
    await using watching = await watch(one.as(other))
    clock.aheadMs += 60_000
    await using again = await watch(one.as(other))
    const seen = await stage.redis.hget(`curfew:session:${sessionIdOf(other.token)}`, 's')
    expect(Number(seen)).toBeLessThan(clock.nowMs() - 55_000)
    clock.aheadMs += 1_800_000
    await Promise.all([watching.reader.ended, again.reader.ended])
    expect(watching.reader.names.at(-1)).toBe('ended')
    operator = await stage.login('curfew/operator')
    by = one.as(operator)
  })

  it('with the process, which is not held up by it', async () => {
    const two = await stage.start({}, { clock })
    await using watching = await watch(two.as(operator))
    await stage.stop(two)
    await watching.reader.ended
    expect(watching.reader.names).not.toContain('ended')
  })
})
