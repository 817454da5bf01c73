import { setTimeout } from 'node:timers/promises'

import { expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { setStage, TestClock, until, type Created, type Replica, type Stage } from './stage.ts'

let stage: Stage
let replica: Replica
const clock = new TestClock()
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start({}, { clock })
})
afterAll(() => stage[Symbol.asyncDispose]())

interface Answer {
  readonly revocation: { id: string; position: string | null; except: string[]; actor: string }
  readonly state: string
  readonly recorded: boolean
  readonly elapsed_ms: number
}

async function revoke(operator: Created, body: object, key?: string): Promise<Answer> {
  const headers = key === undefined ? {} : { 'idempotency-key': key }
  const response = await replica.as(operator).request('POST', '/v1/revocations', { json: body, headers })
  return expectJson<Answer>(response, 200)
}

const operator = (): Promise<Created> => stage.login('curfew/operator')
const reason = 'test'

describe('a revocation', () => {
  it.each([
    ['session', (session: Created) => ({ type: 'session', session: session.session.id })],
    ['user', () => ({ type: 'user', tenant: 'acme', user: 'alice' })],
    ['client', () => ({ type: 'client', client: 'browser-a' })],
    ['tenant', () => ({ type: 'tenant', tenant: 'acme' })],
    ['global', () => ({ type: 'global' })],
  ])('of one %s ends what it covers and nothing else', async (type, scopeOf) => {
    const by = await operator()
    const covered = await stage.login('acme/alice', { client: 'browser-a' as never })
    const others = {
      user: await stage.login('acme/bob', { client: 'browser-b' as never }),
      tenant: await stage.login('globex/alice', { client: 'browser-b' as never }),
    }
    const { state, recorded, revocation } = await revoke(by, { scope: scopeOf(covered), reason })
    expect({ state, recorded }).toEqual({ state: 'confirmed', recorded: true })
    expect(revocation).toMatchObject({ actor: 'curfew/operator', reason, except: [] })

    expect(await stage.statusOf(covered)).not.toBe('live')
    const isWide = type === 'tenant' || type === 'global'
    expect(await stage.statusOf(others.user)).toBe(isWide ? 'revoked' : 'live')
    expect(await stage.statusOf(others.tenant)).toBe(type === 'global' ? 'revoked' : 'live')
    expect(await stage.statusOf(by)).toBe(type === 'global' ? 'revoked' : 'live')
    // Whoever logs in after it is not concerned.
    expect(await stage.statusOf(await stage.login('acme/alice', { client: 'browser-a' as never }))).toBe(
      'live',
    )
  })

  it('wins against a login that began before it', async () => {
    const by = await operator()
    const birth = await stage.prepare()
    await revoke(by, { scope: { type: 'user', tenant: 'acme', user: 'alice' }, reason })
    expect(await stage.tryCreate('acme/alice', { birth })).toEqual({ outcome: 'refused', reason: 'revoked' })
    expect(await stage.tryCreate('acme/bob', { birth })).toMatchObject({ outcome: 'created' })
  })

  it('wins against a login whatever their order', async () => {
    const by = await operator()
    const scope = { type: 'user', tenant: 'acme', user: 'racer' }
    const statuses: string[] = []
    for (let round = 0; round < 25; round++) {
      const birth = await stage.prepare()
      const logins = [1, 2].map(() => stage.tryCreate('acme/racer', { birth }))
      const revocation = revoke(by, { scope, reason })
      const more = [3, 4].map(() => stage.tryCreate('acme/racer', { birth }))
      const answers = await Promise.all([...logins, ...more])
      await revocation
      for (const answer of answers)
        statuses.push(answer.outcome === 'created' ? await stage.statusOf(answer) : answer.reason)
    }
    expect(new Set(statuses)).toEqual(new Set(['revoked']))
  })

  it('is in the history, newest first, and can be read by its id', async () => {
    const by = await operator()
    const scope = { type: 'user', tenant: 'acme', user: 'alice' }
    const first = await revoke(by, { scope, reason: 'first' })
    const second = await revoke(by, { scope, reason: 'second' })
    const api = replica.as(by)
    const list = await expectJson<{ revocations: { id: string; reason: string }[] }>(
      await api.get('/v1/revocations'),
      200,
    )
    expect(list.revocations.slice(0, 2).map((each) => each.id)).toEqual([
      second.revocation.id,
      first.revocation.id,
    ])
    const one = await expectJson(await api.get(`/v1/revocations/${first.revocation.id}`), 200)
    const ended = { sessions: 0, exact: true, at_most: 0 }
    const known = { ended, target_known: true }
    expect(one).toEqual({ revocation: first.revocation, state: 'confirmed', recorded: true, ...known })
    await expectProblem(await api.get('/v1/revocations/rev_AAAAAAAAAAAAAAAAAAAAAA'), 404, 'not-found')
  })

  it('pages through a long history without gaps or repetitions', async () => {
    const by = await operator()
    const ids: string[] = []
    for (let round = 0; round < 60; round++)
      ids.unshift(
        (await revoke(by, { scope: { type: 'client', client: `c${round}` }, reason })).revocation.id,
      )
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null && seen.length < 60) {
      const page: { revocations: { id: string }[]; next_cursor: string | null } = await expectJson(
        await replica.as(by).get(`/v1/revocations${cursor === '' ? '' : `?cursor=${cursor}`}`),
        200,
      )
      seen.push(...page.revocations.map(({ id }) => id))
      cursor = page.next_cursor
    }
    expect(seen.slice(0, 60)).toEqual(ids)
  })

  it('does not list logouts', async () => {
    const by = await operator()
    const before = await stage.redis.zcard('curfew:revocations')
    await stage.logout(await stage.login('acme/alice'))
    const marker = await revoke(by, { scope: { type: 'client', client: 'nobody' }, reason })
    expect(marker.recorded).toBe(true)
    expect(await stage.redis.zcard('curfew:revocations')).toBe(before + 1)
  })
})

describe('sparing the current session', () => {
  it.each([
    ['global', { type: 'global' }],
    ['tenant', { type: 'tenant', tenant: 'curfew' }],
    ['user', { type: 'user', tenant: 'curfew', user: 'operator' }],
    ['client', { type: 'client', client: 'cli' }],
  ])('leaves the operator in and everyone else out (%s)', async (_, scope) => {
    const [by, other] = [await operator(), await operator()]
    const { revocation } = await revoke(by, { scope, reason, except_current: true })
    expect(revocation.except).toEqual([by.session.id])
    expect(await stage.statusOf(by)).toBe('live')
    expect(await stage.statusOf(other)).toBe('revoked')
  })

  it('names nobody where the scope does not cover the operator', async () => {
    const by = await operator()
    const scope = { type: 'tenant', tenant: 'globex' }
    const { revocation } = await revoke(by, { scope, reason, except_current: true })
    expect(revocation.except).toEqual([])
  })

  it('of two operators at once never revives one whom the other has ended', async () => {
    for (let round = 0; round < 10; round++) {
      const [one, two] = [await operator(), await operator()]
      const body = { scope: { type: 'global' }, reason, except_current: true }
      const responses = await Promise.all(
        [one, two].map((by) => replica.as(by).request('POST', '/v1/revocations', { json: body })),
      )
      const statuses = new Set(responses.map((response) => response.status))
      // The second to reach the log finds its own session over.
      expect(statuses).toEqual(new Set([200, 401]))
      const live = await Promise.all([one, two].map((by) => stage.statusOf(by)))
      expect(live.toSorted()).toEqual(['live', 'revoked'])
    }
  })

  it('is over with the next revocation that does not spare', async () => {
    const [by, next] = [await operator(), await operator()]
    await revoke(by, { scope: { type: 'client', client: 'cli' }, reason, except_current: true })
    expect(await stage.statusOf(next)).toBe('revoked')
    await revoke(by, { scope: { type: 'client', client: 'cli' }, reason })
    expect(await stage.statusOf(by)).toBe('revoked')
  })

  it('cannot go with a single session', async () => {
    const by = await operator()
    const json = { scope: { type: 'session', session: by.session.id }, reason, except_current: true }
    const response = await replica.as(by).request('POST', '/v1/revocations', { json })
    expect(await expectProblem(response, 400, 'bad-request')).toMatchObject({
      detail: expect.stringContaining('except_current') as string,
    })
  })
})

describe('an idempotency key', () => {
  const scope = { type: 'user', tenant: 'acme', user: 'keyed' }

  it('leads back to the same revocation', async () => {
    const by = await operator()
    const first = await revoke(by, { scope, reason }, 'key-1')
    const session = await stage.login('acme/keyed')
    const again = await revoke(by, { scope, reason }, 'key-1')
    expect(again.revocation).toEqual(first.revocation)
    expect(await stage.statusOf(session)).toBe('live')
  })

  it('makes one of many requests at once', async () => {
    const by = await operator()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => revoke(by, { scope, reason }, 'key-2')),
    )
    expect(new Set(answers.map(({ revocation }) => revocation.position)).size).toBe(1)
  })

  it('is refused for another body, and is another one for another operator', async () => {
    const by = await operator()
    const first = await revoke(by, { scope, reason }, 'key-3')
    for (const json of [
      { scope, reason: 'other' },
      { scope: { type: 'user', tenant: 'acme', user: 'other' }, reason },
    ]) {
      const headers = { 'idempotency-key': 'key-3' }
      const response = await replica.as(by).request('POST', '/v1/revocations', { json, headers })
      await expectProblem(response, 422, 'idempotency-key-reused')
    }
    const chief = await stage.login('acme/chief')
    const other = await revoke(chief, { scope, reason }, 'key-3')
    expect(other.revocation.id).not.toBe(first.revocation.id)
  })

  it('still answers when the session that it ended is gone', async () => {
    const by = await operator()
    const victim = await stage.login('acme/alice')
    const body = { scope: { type: 'session', session: victim.session.id }, reason }
    const first = await revoke(by, body, 'key-4')
    await until('it is gone', async () => (await stage.statusOf(victim)) === 'unknown')
    expect((await revoke(by, body, 'key-4')).revocation).toEqual(first.revocation)
    const response = await replica.as(by).request('POST', '/v1/revocations', { json: body })
    await expectProblem(response, 404, 'not-found')
  })

  it('answers those who ask again while the session is being ended', async () => {
    const by = await operator()
    for (let round = 0; round < 3; round++) {
      const victim = await stage.login('acme/alice')
      const body = { scope: { type: 'session', session: victim.session.id }, reason }
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          await setTimeout(index / 2)
          return revoke(by, body, `key-5-${round}`)
        }),
      )
      expect(new Set(answers.map(({ revocation }) => revocation.position)).size).toBe(1)
    }
  })

  it.each(['', 'x'.repeat(129), 'caf\u00e9'])(
    'is refused when it is not 1 to 128 printable characters',
    async (key) => {
      const by = await operator()
      const response = await replica.as(by).request('POST', '/v1/revocations', {
        json: { scope, reason },
        headers: { 'idempotency-key': key },
      })
      expect(await expectProblem(response, 400, 'bad-request')).toMatchObject({
        detail: expect.stringContaining('idempotency-key') as string,
      })
    },
  )
})

describe('recent authentication', () => {
  it.each([[{ type: 'global' }], [{ type: 'tenant', tenant: 'acme' }]])('is needed for %j', async (scope) => {
    const by = await operator()
    clock.aheadMs = 901_000
    try {
      const response = await replica.as(by).post('/v1/revocations', { scope, reason })
      await expectProblem(response, 401, 'insufficient-authentication')
      expect(response.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="curfew", error="insufficient_user_authentication", max_age="900"$/,
      )
      await revoke(by, { scope: { type: 'user', tenant: 'acme', user: 'alice' }, reason })
    } finally {
      clock.aheadMs = 0
    }
  })
})
