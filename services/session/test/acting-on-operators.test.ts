import { once } from 'node:events'
import { request, type ClientRequest } from 'node:http'

import { type BearerClient, expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { setStage, TestClock, until, type Created, type Replica, type Stage } from './stage.ts'
import { eventsOf } from './trail.ts'

const clock = new TestClock()
const OPERATOR = { roles: [], permissions: ['curfew:operator'] }
const NOTHING = { roles: [], permissions: [] }

let stage: Stage
let one: Replica
let two: Replica
let first: Created
let operator: BearerClient
beforeAll(async () => {
  stage = await setStage()
  one = await stage.start({}, { clock })
  two = await stage.start({}, { clock })
  first = await stage.login('curfew/operator')
  operator = one.as(first)
})
afterAll(() => stage[Symbol.asyncDispose]())

const grantsOf = (who: string): string => `/v1/subjects/${who}/grants`
const grant = async (who: string, ...permissions: string[]): Promise<void> => {
  await expectJson(await operator.put(grantsOf(who), { roles: [], permissions }), 200)
}
const loginAs = async (who: string, at: Replica = one): Promise<BearerClient> => at.as(await stage.login(who))
const isOperator = async (session: Created): Promise<boolean> =>
  (await stage.permissionsOf(session)).includes('curfew:operator')

/** Every way to take an operator's powers, or to keep them from being used. */
const takings = (who: string): readonly ((by: BearerClient) => Promise<Response>)[] => [
  (by) => by.put(grantsOf(who), NOTHING),
  (by) => by.put(grantsOf(who), { roles: [], permissions: ['documents:read'] }),
  (by) => by.post(`/v1/subjects/${who}/suspend`),
  (by) => by.post(`/v1/subjects/${who}/resume`),
]

describe('an operator who holds less than another', () => {
  it.each([
    ['curfew:grants', [0, 1]],
    ['curfew:revoke', [2, 3]],
  ])('with %s alone takes nothing from them, and gives nothing back', async (permission, ways) => {
    await grant('acme/clerk', permission)
    const clerk = await loginAs('acme/clerk')
    const chief = await stage.login('acme/chief')
    for (const way of ways) await expectProblem(await takings('acme/chief')[way]!(clerk), 403, 'forbidden')
    expect(await isOperator(chief)).toBe(true)
    expect(await stage.statusOf(chief)).toBe('live')
    const refused = await eventsOf(operator, { type: 'operator.refused', actor: 'acme/clerk' })
    expect(refused.map(({ reason }) => reason)).toContain('holds-more')
  })

  it('changes no role that carries what they do not hold', async () => {
    const path = '/v1/tenants/acme/roles/boss'
    await expectJson(await operator.put(path, { permissions: ['curfew:operator'] }), 200)
    await expectJson(await operator.put(grantsOf('acme/vice'), { roles: ['boss'], permissions: [] }), 200)
    const vice = await stage.login('acme/vice')
    await grant('acme/clerk', 'curfew:grants')
    const clerk = await loginAs('acme/clerk')
    for (const permissions of [[], ['curfew:grants']])
      await expectProblem(await clerk.put(path, { permissions }), 403, 'forbidden')
    await expectProblem(await clerk.put(grantsOf('acme/vice'), NOTHING), 403, 'forbidden')
    expect(await isOperator(vice)).toBe(true)
  })

  it('of the administrative tenant suspends users of a tenant, whatever their tenant gave them', async () => {
    const administrator = 'curfew/revoker'
    await grant(administrator, 'curfew:revoke')
    const revoker = await loginAs(administrator)
    const chief = await loginAs('acme/chief')
    const shielded = { roles: [], permissions: ['curfew:operator'] }
    await expectJson(await chief.put(grantsOf('acme/shielded'), shielded), 200)
    const session = await stage.login('acme/shielded')
    await expectJson(await revoker.post('/v1/subjects/acme/shielded/suspend'), 200)
    expect(await stage.statusOf(session)).toBe('suspended')
    // That gives power back, and takes who holds it.
    await expectProblem(await revoker.post('/v1/subjects/acme/shielded/resume'), 403, 'forbidden')
    await expectProblem(await revoker.post('/v1/subjects/curfew/operator/suspend'), 403, 'forbidden')
    clock.aheadMs += 901_000
    try {
      const stale = await revoker.post('/v1/subjects/acme/shielded/suspend')
      await expectProblem(stale, 401, 'insufficient-authentication')
    } finally {
      clock.aheadMs -= 901_000
    }
  })

  it('does to everybody else what they may', async () => {
    await grant('acme/clerk', 'curfew:grants', 'curfew:revoke')
    const clerk = await loginAs('acme/clerk')
    const viewer = { roles: ['viewer'], permissions: [] }
    await expectJson(await clerk.put(grantsOf('acme/worker'), viewer), 200)
    for (const verb of ['suspend', 'resume'])
      await expectJson(await clerk.post(`/v1/subjects/acme/worker/${verb}`), 200)
    await grant('acme/equal', 'curfew:revoke')
    await expectJson(await clerk.put(grantsOf('acme/equal'), NOTHING), 200)
  })
})

describe('an operator whose authentication is old', () => {
  it('acts on no operator, makes none, and redefines no role; on others they do', async () => {
    await grant('acme/deputy', 'curfew:read')
    const stale = await loginAs('curfew/operator')
    const keepsAlive = await stage.login('acme/bystander')
    clock.aheadMs += 901_000
    try {
      for (const taking of takings('acme/deputy'))
        await expectProblem(await taking(stale), 401, 'insufficient-authentication')
      const calls = [
        stale.put(grantsOf('acme/bystander'), OPERATOR),
        stale.put('/v1/tenants/acme/roles/editor', { permissions: [] }),
        stale.post('/v1/revocations', { scope: { type: 'client', client: 'nobodys' }, reason: 'x' }),
        stale.post('/v1/tenants/nobodys/suspend'),
      ]
      for (const call of calls) await expectProblem(await call, 401, 'insufficient-authentication')
      await expectJson(await stale.put(grantsOf('acme/bystander'), NOTHING), 200)
      for (const verb of ['suspend', 'resume'])
        await expectJson(await stale.post(`/v1/subjects/acme/bystander/${verb}`), 200)
      await expectJson(await stage.revokeUser(stale, 'bystander'), 200)
    } finally {
      clock.aheadMs -= 901_000
    }
    expect(await stage.statusOf(keepsAlive)).not.toBe('live')
  })
})

describe('an operator whose powers end while the body of a call is on its way', () => {
  const LATE = 'acme/late'

  /** Begun: the headers have been read and a few bytes of the body sent. */
  async function begin(by: BearerClient, [method, path, json]: readonly [string, string, object]) {
    const headers = {
      authorization: `Bearer ${by.token}`,
      'content-type': 'application/json',
      'transfer-encoding': 'chunked',
      expect: '100-continue',
    }
    const call: ClientRequest = request(new URL(path, by.url), { method, headers })
    call.flushHeaders()
    await once(call, 'continue')
    const body = JSON.stringify(json)
    call.write(body.slice(0, 3))
    return async (): Promise<number> => {
      call.end(body.slice(3))
      const [response] = (await once(call, 'response')) as [{ statusCode: number; resume(): void }]
      response.resume()
      return response.statusCode
    }
  }

  const CALLS = [
    ['POST', '/v1/revocations', { scope: { type: 'user', tenant: 'acme', user: 'alice' }, reason: 'late' }],
    ['POST', '/v1/subjects/acme/bob/suspend', { reason: 'late' }],
    ['PUT', grantsOf('acme/henchman'), OPERATOR],
    ['PUT', '/v1/tenants/acme/roles/late', { permissions: ['documents:read'] }],
  ] as const

  it.each<[string, number, (id: string) => Promise<Response>]>([
    ['a strip', 403, () => operator.put(grantsOf(LATE), NOTHING)],
    [
      'a revocation',
      401,
      (session) =>
        operator.post('/v1/revocations', { scope: { type: 'session', session }, reason: 'found out' }),
    ],
    ['a suspension', 401, () => operator.post(`/v1/subjects/${LATE}/suspend`)],
  ])('does nothing with it after %s is confirmed', async (_, status, end) => {
    await grant(LATE, 'curfew:operator')
    const session = await stage.login(LATE)
    const [alice, bob] = [await stage.login('acme/alice'), await stage.login('acme/bob')]
    const finish = await Promise.all(CALLS.map((call) => begin(one.as(session), call)))
    expect(await expectJson(await end(session.session.id), 200)).toMatchObject({ state: 'confirmed' })
    const statuses = await Promise.all(finish.map((send) => send()))
    expect(statuses).toEqual(CALLS.map(() => status))
    expect([await stage.statusOf(alice), await stage.statusOf(bob)]).toEqual(['live', 'live'])
    const told = new Set((await eventsOf(operator, { actor: LATE })).map(({ type }) => type))
    expect([...told].filter((type) => type !== 'operator.refused')).toEqual(['session.created'])
  })
})

describe('the last operator', () => {
  it('takes nothing from themselves, in none of the ways', async () => {
    await expectJson(
      await operator.put('/v1/tenants/curfew/roles/chiefs', { permissions: ['curfew:operator'] }),
      200,
    )
    await expectJson(await operator.put(grantsOf('curfew/sole'), { roles: ['chiefs'], permissions: [] }), 200)
    const sole = await stage.login('curfew/sole')
    const by = one.as(sole)
    for (const taking of takings('curfew/sole').slice(0, 3))
      await expectProblem(await taking(by), 403, 'forbidden')
    const reads = { permissions: ['curfew:read', 'curfew:revoke', 'curfew:grants'] }
    await expectProblem(await by.put('/v1/tenants/curfew/roles/chiefs', reads), 403, 'forbidden')
    await expectProblem(await by.post('/v1/tenants/curfew/suspend'), 409, 'conflict')
    expect(await isOperator(sole)).toBe(true)
    expect(await stage.statusOf(sole)).toBe('live')
    const told = await eventsOf(operator, { type: 'operator.refused', actor: 'curfew/sole' })
    expect(told.map(({ reason }) => reason)).toContain('own-permissions')
    await expectJson(await operator.put(grantsOf('curfew/sole'), NOTHING), 200)
  })

  it('of one tenant does not suspend it', async () => {
    const chief = await loginAs('acme/chief')
    await expectProblem(await chief.post('/v1/tenants/acme/suspend'), 403, 'forbidden')
  })

  it('stays, however two take each other’s powers at the same moment', async () => {
    for (let round = 0; round < 12; round++) {
      await grant('curfew/rival', 'curfew:operator')
      const sessions = [await stage.login('curfew/operator'), await stage.login('curfew/rival')] as const
      const [mine, theirs] = [one.as(sessions[0]), two.as(sessions[1])]
      const [way, back] = [takings('curfew/rival')[round % 3], takings('curfew/operator')[(round >> 1) % 3]]
      const answers = await Promise.all([way!(mine), back!(theirs)])
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1)
      const live = []
      for (const session of sessions) if (await isOperator(session)) live.push(session)
      expect(live).toHaveLength(1)
      // The one who is left can give it back.
      const left = one.as(live[0]!)
      for (const who of ['curfew/operator', 'curfew/rival']) {
        await expectJson(await left.post(`/v1/subjects/${who}/resume`), 200)
        await expectJson(await left.put(grantsOf(who), OPERATOR), 200)
      }
    }
    await expectJson(await operator.put(grantsOf('curfew/rival'), NOTHING), 200)
  })

  it('is taken from by another one under traffic as well', async () => {
    await grant('curfew/rival', 'curfew:operator')
    const over = new AbortController()
    const traffic = Array.from({ length: 4 }, async (_, index) => {
      while (!over.signal.aborted) await stage.logout(await stage.login(`acme/passer-by-${index}`))
    })
    try {
      await expectJson(await operator.put(grantsOf('curfew/rival'), NOTHING), 200)
    } finally {
      over.abort()
      await Promise.all(traffic)
    }
  })

  it('can still take another one’s powers, and theirs cannot be taken, while Redis is away', async () => {
    await grant('curfew/rival', 'curfew:operator')
    const rival = two.as(await stage.login('curfew/rival'))
    // What is recalled has been seen since the log last moved.
    for (const by of [operator, rival]) await expectJson(await by.get('/v1/limits'), 200)
    await stage.killRedis()
    const taken = await operator.put(grantsOf('curfew/rival'), NOTHING)
    expect(taken.status).toBe(200)
    await expectProblem(await rival.put(grantsOf('curfew/operator'), NOTHING), 403, 'forbidden')
    await stage.servers.redis.restart()
    await until('they are ready', async () => (await one.isReady()) && (await two.isReady()))
  })
})
