import { setTimeout as delay } from 'node:timers/promises'

import { RECORD_EVENT, SUBJECTS, type TenantId } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import { type BearerClient, expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { eventsOf } from './trail.ts'
import { setStage, TestClock, until, type Created, type Replica, type Stage } from './stage.ts'

const clock = new TestClock()

let stage: Stage
let one: Replica
let operator: Created
let by: BearerClient
let chief: BearerClient
beforeAll(async () => {
  stage = await setStage()
  one = await stage.start({}, { clock })
  operator = await stage.login('curfew/operator')
  by = one.as(operator)
  chief = one.as(await stage.login('acme/chief'))
})
afterAll(() => stage[Symbol.asyncDispose]())

interface WouldAffect {
  readonly would_affect: { readonly sessions: number; readonly at_most: number | null }
}

const dryRun = (client: BearerClient, scope: unknown, more: object = {}, key?: string): Promise<Response> =>
  client.request('POST', '/v1/revocations', {
    json: { scope, reason: 'what if', dry_run: true, ...more },
    headers: key === undefined ? {} : { 'idempotency-key': key },
  })

describe('a dry run', () => {
  it('counts whom it would hit, and whose they are', async () => {
    const [first] = [await stage.login('acme/dry'), await stage.login('acme/dry')]
    await stage.login('globex/dry', { client: 'dry-app' as never })
    const exactly = (sessions: number) => ({ sessions, exact: true, at_most: sessions })
    const acme = (sessions: number) => ({ ...exactly(sessions), tenants: [{ tenant: 'acme', sessions }] })
    for (const [scope, expected, known] of [
      [{ type: 'user', tenant: 'acme', user: 'dry' }, acme(2), { target_known: true }],
      [
        { type: 'user', tenant: 'acme', user: 'dyr' },
        { ...exactly(0), tenants: [] },
        { target_known: false },
      ],
      [{ type: 'session', session: first?.session.id }, acme(1)],
      [{ type: 'tenant', tenant: 'acme' }, acme(3), { target_known: true }],
      [{ type: 'tenant', tenant: 'acne' }, { ...exactly(0), tenants: [] }, { target_known: false }],
      [
        { type: 'client', client: 'dry-app' },
        { ...acme(1), tenants: [{ tenant: 'globex', sessions: 1 }] },
      ],
      [
        { type: 'client', client: 'nobody-has-this' },
        { ...exactly(0), tenants: [] },
      ],
    ] as const) {
      const answer = await expectJson(await dryRun(by, scope), 200)
      expect(answer).toEqual({ dry_run: true, scope, would_affect: expected, ...known })
    }
    const everyone = await expectJson<WouldAffect>(await dryRun(by, { type: 'global' }), 200)
    expect(everyone.would_affect).toEqual({
      sessions: 5,
      tenants: [
        { tenant: 'acme', sessions: 3 },
        { tenant: 'curfew', sessions: 1 },
        { tenant: 'globex', sessions: 1 },
      ],
      exact: true,
      at_most: 5,
    })
    const others = await dryRun(by, { type: 'global' }, { except_current: true })
    expect(await expectJson(others, 200)).toMatchObject({ would_affect: { sessions: 4 } })
  })

  it('that runs out of time says what it has counted, and how many there can be at most', async () => {
    // Each look at the clock takes longer than any count may.
    let aheadMs = 0
    const hurried = await stage.start({}, { clock: { nowMs: () => Date.now() + (aheadMs += 1_100) } })
    try {
      const client = hurried.as(operator)
      const counted = { exact: false, at_most: expect.any(Number) }
      const everyone = await expectJson<WouldAffect>(await dryRun(client, { type: 'global' }), 200)
      expect(everyone).toMatchObject({ would_affect: { sessions: 0, tenants: [], ...counted } })
      expect(everyone.would_affect.at_most).toBeGreaterThanOrEqual(5)
      const { sessions } = await statistics(client)
      expect(sessions).toEqual({ live: 0, ...counted })
      expect(sessions.at_most).toBeGreaterThanOrEqual(5)
    } finally {
      await stage.stop(hurried)
    }
  })

  it('leaves no trace: nobody is logged out, nothing is in the history, the trail or under the key', async () => {
    const scope = { type: 'user', tenant: 'acme', user: 'spared' }
    const spared = await stage.login('acme/spared')
    await expectJson(await dryRun(by, scope, {}, 'dry'), 200)
    expect(await stage.statusOf(spared)).toBe('live')
    expect(await expectJson(await by.get('/v1/revocations'), 200)).toMatchObject({ revocations: [] })
    const trail = await by.get('/v1/audit?type=revocation')
    expect(await expectJson(trail, 200)).toMatchObject({ events: [] })
    const real = { json: { scope, reason: 'for real' }, headers: { 'idempotency-key': 'dry' } }
    await expectJson(await by.request('POST', '/v1/revocations', real), 200)
    expect(await stage.statusOf(spared)).not.toBe('live')
  })

  it('tells an operator of one tenant nothing about another, whatever key he has used before', async () => {
    const mine = { scope: { type: 'user', tenant: 'acme', user: 'nobody' }, reason: 'mine' }
    const headers = { 'idempotency-key': 'used' }
    await expectJson(await chief.request('POST', '/v1/revocations', { json: mine, headers }), 200)
    for (const key of [undefined, 'used']) {
      const theirs = { type: 'tenant', tenant: 'globex' }
      await expectProblem(await dryRun(chief, theirs, {}, key), 404, 'not-found')
      await expectProblem(await dryRun(chief, { type: 'global' }, {}, key), 403, 'forbidden')
    }
  })

  it('needs no recent authentication, since it does nothing', async () => {
    clock.aheadMs = 901_000
    try {
      await expectJson(await dryRun(by, { type: 'tenant', tenant: 'acme' }), 200)
    } finally {
      clock.aheadMs = 0
    }
  })
})

interface Statistics {
  readonly sessions: { readonly live: number; readonly exact: boolean; readonly at_most: number | null }
  readonly series: readonly Record<string, number | string>[]
}

const statistics = async (client: BearerClient, minutes = 5): Promise<Statistics> =>
  expectJson(await client.get(`/v1/statistics?minutes=${minutes}`), 200)

const sum = ({ series }: Statistics, what: string): number =>
  series.reduce((total, each) => total + Number(each[what]), 0)

describe('statistics', () => {
  it('count logins, refusals, revocations and redemptions by the minute, at whichever replica', async () => {
    const two = await stage.start({}, { clock })
    await until('what has happened so far is counted', async () => {
      const [now, logins, revocations] = await Promise.all([
        statistics(by),
        eventsOf(by, { type: 'session.created' }),
        eventsOf(by, { type: 'revocation.recorded' }),
      ])
      return sum(now, 'logins') === logins.length && sum(now, 'revocations') === revocations.length
    })
    const before = await statistics(by)
    const ours = await statistics(chief)
    const alice = await stage.login('acme/alice')
    await stage.login('globex/carol')
    expect(await stage.redeem(alice, 'claim-1')).toBe('redeemed')
    expect(await stage.redeem(alice, 'claim-1')).toBe('spent')
    const refused = { type: 'login.refused', actor: 'anonymous', outcome: 'refused' } as const
    await ask(stage.gateway, RECORD_EVENT, SUBJECTS.recordEvent, { ...refused, tenant: 'acme' as TenantId })
    await ask(stage.gateway, RECORD_EVENT, SUBJECTS.recordEvent, refused)
    await stage.revokeUser(two.as(operator), 'alice')
    const expected = { logins: 2, failed_logins: 2, revocations: 1, redemptions: 1 }
    for (const client of [by, two.as(operator)])
      await until('everything is counted', async () => {
        const now = await statistics(client)
        return Object.entries(expected).every(([what, count]) => sum(now, what) - sum(before, what) === count)
      })
    const now = await statistics(chief)
    const growth = Object.keys(expected).map((what) => sum(now, what) - sum(ours, what))
    expect(growth).toEqual([1, 1, 1, 1])
    await stage.stop(two)
  })

  it('begin each minute on the minute, the present one last, and say how many sessions live', async () => {
    await until('the count is renewed', async () => {
      const { sessions } = await statistics(by)
      const everyone = await expectJson<WouldAffect>(await dryRun(by, { type: 'global' }), 200)
      await delay(200)
      return sessions.exact && sessions.live === everyone.would_affect.sessions
    })
    const { series } = await statistics(by, 60)
    expect(series).toHaveLength(60)
    const minutes = series.map(({ at }) => Date.parse(String(at)) / 60_000)
    expect(minutes).toEqual(minutes.map((_, index) => (minutes[0] as number) + index))
    expect(Math.abs((minutes[59] as number) - Math.floor(clock.nowMs() / 60_000))).toBeLessThanOrEqual(1)
    const { sessions } = await statistics(chief)
    expect(sessions.live).toBeLessThan((await statistics(by)).sessions.live)
  })

  it('refuse more than a day, and none', async () => {
    for (const minutes of [0, 1_441, 1.5])
      await expectProblem(await by.get(`/v1/statistics?minutes=${minutes}`), 400, 'bad-request')
  })
})
