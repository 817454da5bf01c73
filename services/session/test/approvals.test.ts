import { type ClientId, isoTime, newSessionId } from '@curfew/contracts'
import { type BearerClient, EventReader, expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { RedisApprovals } from '../src/adapters/redis/redis-approvals.ts'
import {
  MAX_PENDING_PER_OPERATOR,
  MAX_PENDING_PER_TENANT,
  type Approval,
} from '../src/domain/revocations/approvals.ts'
import { newRevocationId } from '../src/domain/revocations/revocation.ts'
import { setStage, TestClock, until, type Created, type Replica, type Stage } from './stage.ts'
import { eventsOf } from './trail.ts'

const clock = new TestClock()
const ENV = { SESSION_SECOND_APPROVER: 'tenant,global', SESSION_APPROVAL_SECONDS: '60' }
const GLOBAL = { type: 'global' }
const THIRD_GRANTS = '/v1/subjects/curfew/third/grants'
const NOBODY = '/v1/revocations/rev_AAAAAAAAAAAAAAAAAAAAAA'

let stage: Stage
let one: Replica
let two: Replica
let first: Created
let asker: BearerClient
let approver: BearerClient
beforeAll(async () => {
  stage = await setStage()
  one = await stage.start(ENV, { clock })
  two = await stage.start(ENV, { clock })
  first = await stage.login('curfew/operator')
  asker = one.as(first)
  await asker.put('/v1/subjects/curfew/second/grants', { roles: [], permissions: ['curfew:revoke'] })
  approver = two.as(await stage.login('curfew/second'))
})
afterAll(() => stage[Symbol.asyncDispose]())

interface Pending {
  readonly revocation: { readonly id: string; readonly position: string | null; readonly scope: object }
  readonly state: string
  readonly expires_at: string
}

interface Listed {
  readonly approvals: readonly Pending[]
  readonly next_cursor: string | null
}

async function ask(scope: object, more: object = {}, key?: string): Promise<Pending> {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
  const json = { scope, reason: 'night shift', ...more }
  return expectJson(await asker.request('POST', '/v1/revocations', { json, headers }), 202)
}

const waiting = async (by: BearerClient): Promise<string[]> => {
  const { approvals } = await expectJson<{ approvals: Pending[] }>(await by.get('/v1/approvals'), 200)
  return approvals.map(({ revocation }) => revocation.id)
}

const revokeNow = (scope: object): Promise<Response> =>
  asker.post('/v1/revocations', { scope, reason: 'fired' })

const pathOf = ({ revocation }: Pending, verb: 'approve' | 'reject'): string =>
  `/v1/revocations/${revocation.id}/${verb}`

describe('a revocation of everyone, where two have to agree', () => {
  it('waits, at every replica, until another operator approves it; then it happens, once', async () => {
    const alice = await stage.login('acme/alice')
    const pending = await ask(GLOBAL, { except_current: true }, 'everyone')
    expect(pending).toMatchObject({ state: 'pending', recorded: false, revocation: { position: null } })
    expect(await stage.statusOf(alice)).toBe('live')
    expect(await waiting(asker.at(two.url))).toEqual([pending.revocation.id])
    const found = await asker.at(two.url).get(`/v1/revocations/${pending.revocation.id}`)
    expect(await expectJson(found, 200)).toEqual(pending)
    expect(await ask(GLOBAL, { except_current: true }, 'everyone')).toEqual(pending)

    await expectProblem(await asker.post(pathOf(pending, 'approve')), 403, 'forbidden')
    // Nothing is wanted in the body, so nothing about it is wrong.
    const odd = { body: '{', headers: { 'content-type': 'text/plain' } }
    await expectProblem(await asker.request('POST', pathOf(pending, 'approve'), odd), 403, 'forbidden')
    expect(await stage.statusOf(alice)).toBe('live')
    const approved = await expectJson(await approver.post(pathOf(pending, 'approve')), 200)
    expect(approved).toMatchObject({
      state: 'confirmed',
      revocation: { id: pending.revocation.id, actor: 'curfew/operator', reason: 'night shift' },
    })
    expect(await stage.statusOf(alice)).not.toBe('live')
    expect(await stage.statusOf(first)).toBe('live')
    expect(await waiting(asker)).toEqual([])
    const again = await asker.request('POST', '/v1/revocations', {
      json: { scope: GLOBAL, reason: 'night shift', except_current: true },
      headers: { 'idempotency-key': 'everyone' },
    })
    expect(await expectJson(again, 200)).toMatchObject({ state: 'confirmed' })
    // His own session was among them.
    approver = two.as(await stage.login('curfew/second'))
    const repeated = await expectJson(await approver.post(pathOf(pending, 'approve')), 200)
    expect(repeated).toMatchObject({ revocation: (approved as Pending).revocation })
  })

  it('is written down: who asked, who approved, what came of it', async () => {
    const events = await eventsOf(asker, { type: 'revocation' })
    const told = events.map(({ type, actor, reason }) => [type, actor, reason]).toReversed()
    expect(told.slice(0, 3)).toEqual([
      ['revocation.requested', 'curfew/operator', 'night shift'],
      ['revocation.approved', 'curfew/second', 'night shift'],
      ['revocation.recorded', 'curfew/operator', 'night shift'],
    ])
    const refused = await eventsOf(asker, { type: 'operator.refused', actor: 'curfew/operator' })
    expect(refused.map(({ reason }) => reason)).toContain('own-request')
  })

  it('does not happen once it is rejected, by whomever', async () => {
    const alice = await stage.login('acme/alice')
    for (const rejecting of [approver, asker]) {
      const pending = await ask(GLOBAL)
      const rejected = await expectJson(await rejecting.post(pathOf(pending, 'reject')), 200)
      expect(rejected).toMatchObject({ state: 'rejected' })
      await expectProblem(await approver.post(pathOf(pending, 'approve')), 409, 'conflict')
      expect(await waiting(asker)).toEqual([])
    }
    expect(await stage.statusOf(alice)).toBe('live')
  })

  it('is decided once where two decide at the same time', async () => {
    const pending = await ask({ type: 'tenant', tenant: 'nobodys' })
    const answers = await Promise.all(
      (['approve', 'reject', 'approve', 'reject'] as const).map((verb) =>
        approver.post(pathOf(pending, verb)),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect([
      [200, 409, 200, 409],
      [409, 200, 409, 200],
    ]).toContainEqual(statuses)
  })

  it('can be looked on while it happens', async () => {
    const pending = await ask({ type: 'tenant', tenant: 'nobodys' })
    const headers = { accept: 'text/event-stream' }
    const stream = new EventReader(await approver.request('POST', pathOf(pending, 'approve'), { headers }))
    await stream.ended
    expect(stream.names).toEqual(['recorded', 'acknowledged', 'acknowledged', 'result'])
  })

  it('waits for as long as is set, and no longer', async () => {
    const pending = await ask(GLOBAL)
    expect(Date.parse(pending.expires_at) - clock.nowMs()).toBeLessThanOrEqual(60_000)
    await stage.redis.del(`curfew:approval:${pending.revocation.id}`)
    await until('it has expired', async () => {
      const response = await approver.post(pathOf(pending, 'approve'))
      return response.status === 404
    })
    expect(await waiting(asker)).toEqual([])
    await expectProblem(await approver.get(`/v1/revocations/${pending.revocation.id}`), 403, 'forbidden')
    await expectProblem(await asker.get(`/v1/revocations/${pending.revocation.id}`), 404, 'not-found')
  })

  it('needs a recent authentication of both, and the same request under the same key', async () => {
    const pending = await ask(GLOBAL, {}, 'kept')
    const other = { json: { scope: GLOBAL, reason: 'other' }, headers: { 'idempotency-key': 'kept' } }
    await expectProblem(await asker.request('POST', '/v1/revocations', other), 422, 'idempotency-key-reused')
    const narrower = { json: { scope: { type: 'user', tenant: 'acme', user: 'bob' }, reason: 'night shift' } }
    const reusing = { ...narrower, headers: { 'idempotency-key': 'kept' } }
    await expectProblem(
      await asker.request('POST', '/v1/revocations', reusing),
      422,
      'idempotency-key-reused',
    )
    clock.aheadMs += 901_000
    try {
      await expectProblem(await approver.post(pathOf(pending, 'approve')), 401, 'insufficient-authentication')
    } finally {
      clock.aheadMs -= 901_000
    }
    await expectJson(await approver.post(pathOf(pending, 'reject')), 200)
  })

  it.each<[string, (third: Created) => Promise<unknown>]>([
    ['stripped', () => asker.put(THIRD_GRANTS, { roles: [], permissions: ['curfew:read'] })],
    ['suspended', () => asker.post('/v1/subjects/curfew/third/suspend')],
    ['revoked', ({ session: { id } }) => revokeNow({ type: 'session', session: id })],
    ['revoked as a user', () => revokeNow({ type: 'user', tenant: 'curfew', user: 'third' })],
    ['logged out', (third) => stage.logout(third)],
  ])('is void, for good, once the operator who asked has been %s', async (_, loseAuthority) => {
    const permissions = { roles: [], permissions: ['curfew:revoke'] }
    await expectJson(await asker.put(THIRD_GRANTS, permissions), 200)
    const third = await stage.login('curfew/third')
    const alice = await stage.login('acme/alice')
    const json = { scope: { type: 'tenant', tenant: 'acme' }, reason: 'last words' }
    const pending = await expectJson<Pending>(await one.as(third).post('/v1/revocations', json), 202)
    await loseAuthority(third)
    await expectProblem(await approver.post(pathOf(pending, 'approve')), 409, 'conflict')
    expect(await waiting(asker)).toEqual([])

    await expectJson(await asker.post('/v1/subjects/curfew/third/resume'), 200)
    await expectJson(await asker.put(THIRD_GRANTS, permissions), 200)
    for (const verb of ['approve', 'reject'] as const)
      await expectProblem(await approver.post(pathOf(pending, verb)), 409, 'conflict')
    const found = await asker.get(`/v1/revocations/${pending.revocation.id}`)
    expect(await expectJson(found, 200)).toMatchObject({ state: 'voided' })
    const [told] = await eventsOf(asker, { type: 'revocation.voided' })
    expect(told).toMatchObject({ actor: 'system', effect: expect.stringContaining(pending.revocation.id) })
    expect(await stage.statusOf(alice)).toBe('live')
  })

  it('is not carried out, and not forgotten, while Redis cannot say who has agreed', async () => {
    const pending = await ask({ type: 'tenant', tenant: 'nobodys' })
    await stage.killRedis()
    const json = { scope: GLOBAL, reason: 'x' }
    await expectProblem(await asker.post('/v1/revocations', json), 503, 'unavailable')
    await expectProblem(await approver.post(pathOf(pending, 'approve')), 503, 'unavailable')
    await stage.servers.redis.restart()
    await until('they are ready', async () => (await one.isReady()) && (await two.isReady()))
    await expectJson(await approver.post(pathOf(pending, 'approve')), 200)
  })
})

describe('what is as wide as that', () => {
  it('is a revocation of a client: whoever uses it, one alone does not end it', async () => {
    const alice = await stage.login('acme/alice', { client: 'api' as ClientId })
    for (const client of ['api', 'browser', 'backend', 'console']) {
      const pending = await ask({ type: 'client', client })
      expect(pending).toMatchObject({ state: 'pending', act: 'revoke' })
      expect(await stage.statusOf(alice)).toBe('live')
      await expectJson(await approver.post(pathOf(pending, 'reject')), 200)
    }
  })

  it('is the suspension of a tenant: it waits like its revocation, is carried out once, and can be ended by one', async () => {
    const alice = await stage.login('acme/alice')
    const suspend = (reason?: string) => asker.post('/v1/tenants/acme/suspend', reason ? { reason } : {})
    await expectProblem(await suspend(), 400, 'bad-request')
    const pending = await expectJson<Pending>(await suspend('a breach'), 202)
    const scope = { type: 'tenant', tenant: 'acme' }
    expect(pending).toMatchObject({ state: 'pending', act: 'suspend', revocation: { scope, position: null } })
    expect(await waiting(asker.at(two.url))).toEqual([pending.revocation.id])
    expect(await expectJson(await asker.get(`/v1/revocations/${pending.revocation.id}`), 200)).toEqual(
      pending,
    )
    await expectProblem(await asker.post(pathOf(pending, 'approve')), 403, 'forbidden')
    expect(await stage.statusOf(alice)).toBe('live')

    const approved = await expectJson(await approver.post(pathOf(pending, 'approve')), 200)
    expect(approved).toMatchObject({ state: 'confirmed', revocation: { scope, actor: 'curfew/operator' } })
    expect(await stage.statusOf(alice)).toBe('suspended')
    expect(await stage.tryCreate('acme/alice')).toMatchObject({ outcome: 'refused', reason: 'suspended' })
    await expectJson(await approver.post(pathOf(pending, 'approve')), 200)
    const events = await eventsOf(asker, { type: 'suspension' })
    expect(events.filter(({ reason }) => reason === 'a breach')).toHaveLength(1)
    expect(events[0]).toMatchObject({
      type: 'suspension.begun',
      actor: 'curfew/operator',
      reason: 'a breach',
    })

    await expectJson(await asker.post('/v1/tenants/acme/resume'), 200)
    expect(await stage.statusOf(alice)).toBe('live')
    // Not a second time, though it has been approved.
    await approver.post(pathOf(pending, 'approve'))
    expect(await stage.statusOf(alice)).toBe('live')
  })

  it('does not happen on top of what has been said of the tenant since it was asked for', async () => {
    const pending = await expectJson<Pending>(
      await asker.post('/v1/tenants/acme/suspend', { reason: 'too late' }),
      202,
    )
    await expectJson(await asker.post('/v1/tenants/acme/resume'), 200)
    await expectProblem(await approver.post(pathOf(pending, 'approve')), 409, 'conflict')
    expect(await stage.statusOf(await stage.login('acme/alice'))).toBe('live')
  })
})

describe('an operator of one tenant', () => {
  it('neither sees nor decides what an administrator asks, also against their own tenant', async () => {
    const chief = two.as(await stage.login('acme/chief'))
    const suspend = asker.post('/v1/tenants/acme/suspend', { reason: 'a breach' })
    const theirs = [
      await ask({ type: 'tenant', tenant: 'globex' }),
      await ask({ type: 'tenant', tenant: 'acme' }),
      await ask(GLOBAL),
      await expectJson<Pending>(await suspend, 202),
    ]
    expect(await waiting(chief)).toEqual([])
    for (const pending of theirs) {
      for (const verb of ['approve', 'reject'] as const) {
        const hidden = await expectProblem(await chief.post(pathOf(pending, verb)), 404, 'not-found')
        const missing = await expectProblem(await chief.post(`${NOBODY}/${verb}`), 404, 'not-found')
        expect({ ...hidden, request_id: '' }).toEqual({ ...missing, request_id: '' })
      }
      await expectProblem(await chief.get(`/v1/revocations/${pending.revocation.id}`), 404, 'not-found')
      const trail = await eventsOf(chief, { type: 'revocation' })
      expect(JSON.stringify(trail)).not.toContain(pending.revocation.id)
      await expectJson(await approver.post(pathOf(pending, 'reject')), 200)
    }
  })

  it('decides what another operator of the tenant asks, as an administrator does', async () => {
    await asker.put('/v1/subjects/acme/deputy/grants', { roles: [], permissions: ['curfew:revoke'] })
    const deputy = one.as(await stage.login('acme/deputy'))
    const chief = two.as(await stage.login('acme/chief'))
    const json = { scope: { type: 'tenant', tenant: 'acme' }, reason: 'night shift' }
    const askAsDeputy = async (): Promise<Pending> =>
      expectJson(await deputy.post('/v1/revocations', json), 202)
    const rejected = await askAsDeputy()
    expect(await waiting(chief)).toEqual([rejected.revocation.id])
    await expectJson(await approver.post(pathOf(rejected, 'reject')), 200)
    const stranger = one.as(await stage.login('globex/chief'))
    const approved = await askAsDeputy()
    expect(await waiting(stranger)).toEqual([])
    await expectProblem(await stranger.post(pathOf(approved, 'reject')), 404, 'not-found')
    await expectJson(await chief.post(pathOf(approved, 'approve')), 200)
  })
})

describe('requests that wait', () => {
  const store = (): RedisApprovals => new RedisApprovals(stage.redis)
  const requestBy = (actor: string, waitMs = 60_000): Approval => {
    const at = isoTime(clock.nowMs())
    const scope = { type: 'global' } as const
    return {
      entry: { v: 1, id: newRevocationId(), type: 'revoked', at, actor, reason: 'drill', scope },
      session: newSessionId(),
      state: 'pending',
      expiresAtMs: clock.nowMs() + waitMs,
    }
  }

  it('are limited for each operator: one that is decided makes room, and a repeated call takes none', async () => {
    await asker.put('/v1/subjects/curfew/keen/grants', { roles: [], permissions: ['curfew:revoke'] })
    const keen = one.as(await stage.login('curfew/keen'))
    const askAsKeen = (key: string): Promise<Response> => {
      const json = { scope: GLOBAL, reason: 'night shift' }
      return keen.request('POST', '/v1/revocations', { json, headers: { 'idempotency-key': key } })
    }
    const asked: Pending[] = []
    for (let n = 0; n < MAX_PENDING_PER_OPERATOR; n++)
      asked.push(await expectJson(await askAsKeen(`number ${n}`), 202))
    await expectProblem(await askAsKeen('one too many'), 403, 'quota-exceeded')
    const suspending = await keen.post('/v1/tenants/acme/suspend', { reason: 'a breach' })
    await expectProblem(suspending, 403, 'quota-exceeded')
    const [told] = await eventsOf(asker, { type: 'operator.refused', actor: 'curfew/keen' })
    expect(told).toMatchObject({ reason: 'too-many-pending' })
    await expectJson(await approver.post(pathOf(await ask(GLOBAL), 'reject')), 200)

    const [oldest, ...others] = asked as [Pending, ...Pending[]]
    await expectJson(await askAsKeen('number 0'), 202)
    await expectJson(await approver.post(pathOf(oldest, 'reject')), 200)
    expect(await expectJson(await askAsKeen('number 0'), 202)).toMatchObject({ state: 'rejected' })
    const next = await expectJson<Pending>(await askAsKeen('one too many'), 202)
    for (const pending of [next, ...others])
      await expectJson(await approver.post(pathOf(pending, 'reject')), 200)
  })

  it("are limited for the operators of each tenant, who leave the administrators' room alone", async () => {
    const nowMs = clock.nowMs()
    const expired = requestBy('globex/expired', -1)
    expect(await store().add(expired, expired.expiresAtMs - 1)).toBe('added')
    for (let n = 0; n < MAX_PENDING_PER_TENANT; n++)
      expect(await store().add(requestBy(`globex/operator ${n % 10}`), nowMs)).toBe('added')
    expect(await store().add(requestBy('globex/chief'), nowMs)).toBe('tenant-full')
    await expectJson(await approver.post(pathOf(await ask(GLOBAL), 'reject')), 200)
  })

  it('are listed once each, however many expire in the same millisecond', async () => {
    const alike = Array.from({ length: 60 }, (_, n) => ({
      ...requestBy(`initech/operator ${n % 4}`),
      expiresAtMs: 4_000_000_000_000,
    }))
    for (const approval of alike) await store().add(approval, clock.nowMs())
    const listed: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await asker.get(`/v1/approvals${cursor && `?cursor=${cursor}`}`)
      const { approvals, next_cursor } = await expectJson<Listed>(page, 200)
      listed.push(...approvals.map(({ revocation }) => revocation.id))
      cursor = next_cursor
    }
    expect(listed).toEqual(expect.arrayContaining(alike.map(({ entry }) => entry.id)))
    expect(new Set(listed).size).toBe(listed.length)
  })
})
