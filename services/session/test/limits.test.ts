import { newSessionId } from '@curfew/contracts'
import { expectJson, expectProblem, HttpClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { RedisThrottle } from '../src/adapters/redis/redis-throttle.ts'
import { postForm } from './forms.ts'
import { BACKEND, CREATOR, setStage, until, type Replica, type Stage } from './stage.ts'
import { eventsOf } from './trail.ts'

let stage: Stage
beforeAll(async () => {
  stage = await setStage()
})
afterAll(() => stage[Symbol.asyncDispose]())

/** Limits of one test must not be used up by those of another: they are kept in Redis. */
async function replicaWith(limits: Record<string, string>): Promise<Replica> {
  const keys = await stage.redis.keys('curfew:throttle:*')
  if (keys.length > 0) await stage.redis.del(...keys)
  return stage.start(limits)
}

/** RFC 9110, and structured fields as the draft has them. */
async function expectThrottled(response: Response, policy: string, limit: number): Promise<void> {
  await expectProblem(response, 429, 'too-many-requests')
  const retryAfter = Number(response.headers.get('retry-after'))
  expect(response.headers.get('ratelimit-policy')).toBe(`"${policy}";q=${limit};w=60`)
  const [, remaining, reset] =
    /^"[a-z-]+";r=(\d+);t=(\d+)$/.exec(response.headers.get('ratelimit') ?? '') ?? []
  expect(remaining).toBe('0')
  expect(Number(reset)).toBeGreaterThan(0)
  expect(Number(reset)).toBeLessThanOrEqual(60)
  expect(retryAfter).toBeGreaterThanOrEqual(Number(reset))
}

/** Also where the window is longer than a minute. */
async function expectSpent(response: Response, policy: string): Promise<void> {
  await expectProblem(response, 429, 'too-many-requests')
  expect(response.headers.get('ratelimit-policy')).toContain(`"${policy}"`)
}

describe('an operator', () => {
  it('is stopped who calls too often, at whichever replica, and no other is', async () => {
    const limits = { SESSION_OPERATOR_CALLS_PER_MINUTE: '5' }
    const [one, two] = [await replicaWith(limits), await stage.start(limits)]
    const [chief, other] = [await stage.login('acme/chief'), await stage.login('curfew/operator')]
    for (let n = 0; n < 5; n++) await expectJson(await (n % 2 ? one : two).as(chief).get('/v1/sessions'), 200)
    await expectThrottled(await one.as(chief).get('/v1/sessions'), 'operator-calls', 5)
    await expectThrottled(await two.as(chief).get('/v1/audit'), 'operator-calls', 5)
    // Another session of the same operator is the same operator.
    await expectThrottled(
      await one.as(await stage.login('acme/chief')).get('/v1/sessions'),
      'operator-calls',
      5,
    )
    const events = await eventsOf(one.as(other), { type: 'rate.limited' })
    expect(events).toMatchObject([{ actor: 'acme/chief', reason: 'operator-calls', tenant: 'acme' }])
    await stage.stop(two)
    await stage.stop(one)
  })
})

describe('the operators of a tenant', () => {
  it('have one budget of changes for a day, which stops neither the end of the whole tenant nor an administrator', async () => {
    const replica = await replicaWith({ SESSION_TENANT_CHANGES_PER_DAY: '3' })
    const chief = replica.as(await stage.login('acme/chief'))
    const [other, operator] = [await stage.login('globex/chief'), await stage.login('curfew/operator')]
    const grants = { roles: ['viewer'], permissions: [] }
    await expectJson(await stage.revokeUser(chief, 'invented-1'), 200)
    await expectJson(await chief.put('/v1/subjects/acme/invented-2/grants', grants), 200)
    await expectJson(await chief.post('/v1/subjects/acme/invented-3/suspend'), 200)
    await expectSpent(await stage.revokeUser(chief, 'invented-4'), 'tenant-changes')
    const granter = replica.as(await stage.login('acme/granter'))
    await expectSpent(await granter.put('/v1/subjects/acme/invented-5/grants', grants), 'tenant-changes')
    await expectSpent(await chief.post('/v1/subjects/acme/invented-6/suspend'), 'tenant-changes')

    const all = { scope: { type: 'tenant', tenant: 'acme' }, reason: 'incident', except_current: true }
    await expectJson(await chief.post('/v1/revocations', all), 200)
    const scope = { type: 'user', tenant: 'globex', user: 'carol' }
    await expectJson(await replica.as(other).post('/v1/revocations', { scope, reason: 'theirs' }), 200)
    for (let n = 0; n < 4; n++)
      await expectJson(await stage.revokeUser(replica.as(operator), `invented-${n}`), 200)
    await stage.stop(replica)
  })
})

describe('an operator who may only revoke', () => {
  it('cannot keep administrators out by ending their sessions again and again, whatever the scope', async () => {
    const replica = await replicaWith({})
    const revoker = { roles: [], permissions: ['curfew:revoke'] }
    const first = replica.as(await stage.login('curfew/operator'))
    await expectJson(await first.put('/v1/subjects/curfew/responder/grants', revoker), 200)
    const responder = await stage.login('curfew/responder')
    const strike = (scope: object): Promise<Response> =>
      replica.as(responder).post('/v1/revocations', { scope, reason: 'test', ...exceptOf(scope) })
    const exceptOf = (scope: object) => ('session' in scope ? {} : { except_current: true })
    const administrator = { type: 'user', tenant: 'curfew', user: 'operator' }
    for (let n = 0; n < 10; n++) await expectJson(await strike(administrator), 200)

    const operator = await stage.login('curfew/operator')
    const { id: session } = operator.session
    for (const scope of [
      administrator,
      { type: 'session', session },
      { type: 'tenant', tenant: 'curfew' },
      { type: 'client', client: 'cli' },
      { type: 'global' },
    ])
      await expectSpent(await strike(scope), 'administrators-revoked')
    await expectJson(await strike({ type: 'user', tenant: 'acme', user: 'alice' }), 200)
    const nothing = { roles: [], permissions: [] }
    await expectJson(await replica.as(operator).put('/v1/subjects/curfew/responder/grants', nothing), 200)
    await stage.stop(replica)
  })
})

describe('who guesses', () => {
  it('tokens is slowed down, seen, and in nobody’s way who has one', async () => {
    const replica = await replicaWith({ SESSION_WRONG_CREDENTIALS_PER_MINUTE: '20' })
    const operator = replica.as(await stage.login('curfew/operator'))
    const guess = () => replica.as({ token: `cfs_${newSessionId()}${'A'.repeat(43)}` }).get('/v1/sessions')
    const statuses = []
    for (let n = 0; n < 40; n++) statuses.push((await guess()).status)
    expect(statuses.filter((status) => status === 401)).toHaveLength(20)
    expect(statuses.filter((status) => status === 429)).toHaveLength(20)
    await expectThrottled(await guess(), 'wrong-credentials', 20)
    await expectJson(await operator.get('/v1/sessions'), 200)
    const metrics = await (await fetch(`${replica.operationsUrl}/metrics`)).text()
    expect(metrics).toMatch(/curfew_throttled_total\{policy="wrong-credentials",.*\} 21/)
    expect(metrics).toMatch(/curfew_operators_refused_total\{reason="unknown",.*\} 20/)
    expect(replica.lines.filter((line) => line.includes('"rate.limited"'))).toHaveLength(1)
    // Neither log nor trail can be filled by going on, whatever is guessed.
    expect(await eventsOf(operator, { type: 'operator.refused' })).toHaveLength(1)
    await stage.stop(replica)
  })

  it('a client’s secret has to wait with the right one too; other clients need not', async () => {
    const replica = await replicaWith({ SESSION_WRONG_CREDENTIALS_PER_MINUTE: '5' })
    const as = (client: typeof BACKEND) =>
      postForm(replica, '/introspect', { fields: { token: 'x' }, client })
    for (let n = 0; n < 6; n++) await as({ ...BACKEND, secret: `guess ${n}` })
    await expectThrottled(await as(BACKEND), 'wrong-credentials', 5)
    await expectJson(await as(CREATOR), 200)
    await stage.stop(replica)
  })

  it('a client that asks too often is stopped, and no other', async () => {
    const replica = await replicaWith({ SESSION_CLIENT_CALLS_PER_MINUTE: '3' })
    const as = (client: typeof BACKEND) =>
      postForm(replica, '/introspect', { fields: { token: 'x' }, client })
    for (let n = 0; n < 3; n++) await expectJson(await as(BACKEND), 200)
    await expectThrottled(await as(BACKEND), 'client-calls', 3)
    await expectJson(await as(CREATOR), 200)
    await stage.stop(replica)
  })
})

describe('a backend', () => {
  it('begins a bounded number of sessions for one user in a day, at whichever replica; other users and backends have their own', async () => {
    const limits = { SESSION_USER_SESSIONS_PER_DAY: '3' }
    const [one, two] = [await replicaWith(limits), await stage.start(limits)]
    const begin = (replica: Replica, user: string, { id, secret } = BACKEND, rest = {}) =>
      new HttpClient(replica.url).request('POST', '/v1/sessions', {
        json: { tenant: 'acme', user, ...rest },
        headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      })
    // A request that is not allowed or malformed uses nothing up.
    await expectProblem(await begin(one, 'alice', CREATOR, { acr: 'aal3' }), 403, 'forbidden')
    await expectProblem(await begin(one, 'alice', BACKEND, { birth: 'none' }), 400, 'bad-request')
    for (let n = 0; n < 3; n++) await expectJson(await begin(n % 2 ? one : two, 'alice'), 201)
    await expectSpent(await begin(one, 'alice'), 'user-sessions')
    await expectSpent(await begin(two, 'alice', BACKEND, { label: 'another device' }), 'user-sessions')
    await expectJson(await begin(one, 'dora'), 201)
    for (let n = 0; n < 3; n++) await expectJson(await begin(one, 'alice', CREATOR), 201)
    await expectSpent(await begin(two, 'alice', CREATOR), 'user-sessions')
    await stage.stop(two)
    await stage.stop(one)
  })
})

describe('the count', () => {
  const policy = { name: 'test', limit: 3, windowSeconds: 60 }

  it('is exact among many at once, tells the first who is refused, and forgets at the end of its window', async () => {
    const throttle = new RedisThrottle(stage.redis)
    const short = { name: 'short', limit: 10, windowSeconds: 1 }
    const taken = await Promise.all(Array.from({ length: 40 }, () => throttle.take(short, 'somebody')))
    expect(taken.filter(({ allowed }) => allowed)).toHaveLength(10)
    expect(taken.filter(({ isFirstRefusal }) => isFirstRefusal === true)).toHaveLength(1)
    await until('the window is over', async () => (await throttle.take(short, 'somebody', 0)).allowed)
  })

  it('can be looked at without being changed, and costs what it is told', async () => {
    const throttle = new RedisThrottle(stage.redis)
    expect(await throttle.take(policy, 'looked-at', 0)).toMatchObject({ allowed: true, remaining: 3 })
    expect(await throttle.take(policy, 'looked-at', 3)).toMatchObject({ allowed: true, remaining: 0 })
    expect(await throttle.take(policy, 'looked-at', 0)).toMatchObject({ allowed: true, remaining: 0 })
    expect(await throttle.take(policy, 'looked-at', 2)).toMatchObject({
      allowed: false,
      isFirstRefusal: true,
    })
    expect(await throttle.take(policy, 'looked-at', 0)).toMatchObject({
      allowed: false,
      isFirstRefusal: false,
    })
  })

  it('holds no address and no name in Redis', async () => {
    await new RedisThrottle(stage.redis).take(policy, '203.0.113.7 alice')
    const keys = await stage.redis.keys('curfew:throttle:*')
    expect(keys.length).toBeGreaterThan(0)
    expect(keys.join()).not.toMatch(/203\.0\.113|alice|127\.0\.0/)
    for (const key of keys) expect(await stage.redis.pttl(key)).toBeGreaterThan(0)
  })

  it('goes on in each process by itself while Redis is away', async () => {
    const throttle = new RedisThrottle(stage.redis)
    await stage.killRedis()
    await until('it is noticed', () => stage.redis.status !== 'ready')
    const taken = []
    for (let n = 0; n < 5; n++) taken.push((await throttle.take(policy, 'offline')).allowed)
    expect(taken).toEqual([true, true, true, false, false])
    await stage.servers.redis.restart()
  })
})
