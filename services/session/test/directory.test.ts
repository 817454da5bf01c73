import { type BearerClient, expectJson, expectProblem, HttpClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { postForm } from './forms.ts'
import { BACKEND, setStage, until, type Replica, type Stage } from './stage.ts'
import { eventsOf, verificationOf } from './trail.ts'

let stage: Stage
let replica: Replica
let operator: BearerClient
let chief: BearerClient
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start()
  operator = replica.as(await stage.login('curfew/operator'))
  chief = replica.as(await stage.login('acme/chief'))
})
afterAll(() => stage[Symbol.asyncDispose]())

type Page = Record<string, unknown> & { readonly next_cursor: string | null }

/** Everything that a list holds, page by page. */
async function all<T>(by: BearerClient, member: string, query: Record<string, string> = {}): Promise<T[]> {
  const found: T[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const asked = new URLSearchParams({ ...query, ...(cursor !== '' && { cursor }) }).toString()
    const page: Page = await expectJson<Page>(await by.get(`/v1/${member}?${asked}`), 200)
    found.push(...(page[member] as T[]))
    cursor = page.next_cursor
  }
  return found
}

interface Named {
  readonly tenant: string
  readonly user: string
  readonly role: string
}

describe('tenants', () => {
  it('are those that the log has spoken about or that have sessions, page by page', async () => {
    await operator.post('/v1/tenants/initech/suspend', { reason: 'unpaid' })
    await until('all are listed', async () => (await all(operator, 'tenants')).length === 4)
    expect(await all(operator, 'tenants', { limit: '1' })).toEqual([
      { tenant: 'acme', suspended: false },
      { tenant: 'curfew', suspended: false },
      { tenant: 'globex', suspended: false },
      { tenant: 'initech', suspended: true },
    ])
  })

  it('of which an operator of one is shown his own', async () => {
    expect(await all(chief, 'tenants')).toEqual([{ tenant: 'acme', suspended: false }])
  })
})

describe('subjects', () => {
  it('are found by the beginning of their name, with what they hold', async () => {
    const users = ['zoe', 'zoe.b', 'zoe~c', 'Zoe', 'zo', 'zpe']
    for (const user of users)
      await expectJson(
        await operator.put(`/v1/subjects/acme/${user}/grants`, { roles: ['viewer'], permissions: [] }),
        200,
      )
    await expectJson(await operator.post('/v1/subjects/acme/zoe/suspend', { reason: 'x' }), 200)
    const search = { tenant: 'acme', q: 'zoe', limit: '1' }
    await until('all are listed', async () => (await all(operator, 'subjects', search)).length === 3)
    const found = await all<Named>(operator, 'subjects', search)
    expect(found.map(({ user }) => user)).toEqual(['zoe', 'zoe.b', 'zoe~c'])
    expect(found[0]).toEqual({
      tenant: 'acme',
      user: 'zoe',
      roles: ['viewer'],
      permissions: [],
      suspended: true,
    })
    expect((await all(chief, 'subjects', { q: 'zo' })).length).toBe(4)
    expect(await all(operator, 'subjects', { tenant: 'acme', q: 'nobody' })).toEqual([])
  })

  it('come page by page in one order, in whatever alphabet they are named and in both lists', async () => {
    // By code point. Text compared as text has the last two in the other order.
    const users = ['é/', 'é/%', 'é/a', 'é/é', 'é/用', 'é/\uffe5', 'é/😀']
    for (const [index, user] of users.entries())
      if (index % 2 === 0) await stage.login(`globex/${user}`)
      else
        await expectJson(
          await operator.put(`/v1/subjects/globex/${encodeURIComponent(user)}/grants`, {
            roles: [],
            permissions: ['documents:read'],
          }),
          200,
        )
    await stage.login('globex/é0')
    await stage.login('globex/ê')
    const search = { tenant: 'globex', q: 'é/', limit: '1' }
    await until(
      'all are listed',
      async () => (await all(operator, 'subjects', search)).length === users.length,
    )
    expect((await all<Named>(operator, 'subjects', search)).map(({ user }) => user)).toEqual(users)
  })
})

describe('users whom nothing has been granted to', () => {
  it('are listed and found while they have sessions, and so is their tenant', async () => {
    for (const user of ['hooli/gavin', 'hooli/gavin', 'acme/zoe~b']) await stage.login(user)
    const found = await all<Named>(operator, 'subjects', { tenant: 'hooli', q: 'ga' })
    expect(found).toEqual([{ tenant: 'hooli', user: 'gavin', roles: [], permissions: [], suspended: false }])
    const zoes = await all<Named>(chief, 'subjects', { q: 'zoe', limit: '2' })
    expect(zoes.map(({ user }) => user)).toEqual(['zoe', 'zoe.b', 'zoe~b', 'zoe~c'])
    const tenants = await all<Named>(operator, 'tenants', { limit: '2' })
    expect(tenants.map(({ tenant }) => tenant)).toContain('hooli')
    expect(await all(chief, 'tenants')).toEqual([{ tenant: 'acme', suspended: false }])
  })
})

describe('roles', () => {
  it('are those of one tenant, with what they permit now', async () => {
    const permissions = ['reports:read']
    await operator.put('/v1/tenants/acme/roles/auditor', { permissions })
    const roles = await all<Named>(operator, 'roles', { tenant: 'acme', limit: '2' })
    expect(roles.map(({ role }) => role)).toEqual(['auditor', 'editor', 'viewer'])
    expect(roles[0]).toMatchObject({ tenant: 'acme', permissions })
    expect(await all(chief, 'roles')).toEqual(roles)
    expect(await all(operator, 'roles', { tenant: 'globex' })).toEqual([])
  })
})

describe('what is not there, and what an operator may not know of', () => {
  it('look alike in every list', async () => {
    for (const path of ['roles', 'subjects'])
      for (const tenant of ['globex', 'no-such-tenant'])
        await expectProblem(await chief.get(`/v1/${path}?tenant=${tenant}`), 404, 'not-found')
  })

  it('are written down alike, so that waiting for it tells nothing', async () => {
    // It has told of nothing yet, and tells soon what it has counted.
    const fresh = await stage.start({}, { refusalWindowMs: 200 })
    const asChief = chief.at(fresh.url)
    const { session } = await stage.login('globex/carol')
    const nobody = 'AAAAAAAAAAAAAAAAAAAAAA'
    const refusals = async () => {
      const told = await eventsOf(operator, { type: 'operator.refused', actor: 'acme/chief' })
      return told.reduce((sum, { count }) => sum + Number(count ?? 1), 0)
    }
    for (const id of [session.id, nobody]) {
      const before = await refusals()
      await expectProblem(await asChief.get(`/v1/sessions/${id}`), 404, 'not-found')
      const scope = { type: 'session', session: id }
      await expectProblem(await asChief.post('/v1/revocations', { scope, reason: 'x' }), 404, 'not-found')
      await until('both are told, one by one or as a sum', async () => (await refusals()) - before === 2)
    }
    await stage.stop(fresh)
  })

  it.each(['tenants', 'roles', 'subjects'])('%s take no cursor of another list', async (list) => {
    for (const cursor of ['x', Buffer.from('position:000001.0000000000000001').toString('base64url')])
      await expectProblem(await operator.get(`/v1/${list}?cursor=${cursor}`), 400, 'bad-request')
  })
})

describe('a reason', () => {
  it('is needed for every change where that is set', async () => {
    const strict = await stage.start({ SESSION_REASONS: 'always' })
    const by = operator.at(strict.url)
    const grants = { roles: [], permissions: [] }
    for (const [method, path, json] of [
      ['PUT', '/v1/subjects/acme/zoe/grants', grants],
      ['PUT', '/v1/tenants/acme/roles/auditor', { permissions: [] }],
      ['POST', '/v1/subjects/acme/zoe/resume', {}],
      ['POST', '/v1/tenants/initech/resume', {}],
    ] as const) {
      await expectProblem(await by.request(method, path, { json }), 400, 'bad-request')
      await expectProblem(
        await by.request(method, path, { json: { ...json, reason: ' ' } }),
        400,
        'bad-request',
      )
      await expectJson(await by.request(method, path, { json: { ...json, reason: 'since' } }), 200)
    }
    await stage.stop(strict)
  })
})

/** Ids that would be each other's where one of them was split, decoded or cut. */
const IDS = [
  'a',
  'a/b',
  'a%2Fb',
  'a%252Fb',
  'auth0|x',
  "o'neil+tag&co@example.com",
  'did:web:example.com%3A3000:user',
  'CN=Ada King,O=Acme Ltd.',
  '_svc',
  '__proto__',
  'constructor',
  '{a}*>?#',
  'Zoë',
  '用户',
  '\u{1f600}',
  '字'.repeat(85),
]

describe('a user, whatever identity providers call them,', () => {
  interface Issued {
    readonly token: string
    readonly session: { readonly id: string }
  }
  const issued = new Map<string, Issued>()
  const issuedTo = (user: string): Issued => {
    const found = issued.get(user)
    if (found === undefined) throw new Error(`no session of ${user}`)
    return found
  }
  /** As a trusted backend begins it. */
  const begin = (user: string): Promise<Response> =>
    new HttpClient(replica.url).request('POST', '/v1/sessions', {
      json: { tenant: 'acme', user },
      headers: {
        authorization: `Basic ${Buffer.from(`${BACKEND.id}:${BACKEND.secret}`).toString('base64')}`,
      },
    })
  const pathOf = (user: string): string => `/v1/subjects/acme/${encodeURIComponent(user)}`
  beforeAll(async () => {
    for (const user of IDS) issued.set(user, await expectJson<Issued>(await begin(user), 201))
  })

  it.each(IDS)('%s, is found by exactly that name, and listed by the beginning of it', async (user) => {
    const { session, token } = issuedTo(user)
    expect(session).toMatchObject({ tenant: 'acme', user })
    const query = new URLSearchParams({ tenant: 'acme', user }).toString()
    expect(await expectJson(await operator.get(`/v1/sessions?${query}`), 200)).toMatchObject({
      sessions: [{ id: session.id }],
    })
    const answer = await postForm(replica, '/introspect', { fields: { token } })
    expect(await expectJson(answer, 200)).toMatchObject({ sub: `acme/${user}`, username: user })
    for (const q of [user, String.fromCodePoint(user.codePointAt(0) ?? 0)]) {
      const listed = await all<Named>(operator, 'subjects', { tenant: 'acme', q, limit: '2' })
      const names = listed.map((subject) => subject.user)
      expect(names.filter((name) => !name.startsWith(q))).toEqual([])
      expect(names).toEqual(expect.arrayContaining(IDS.filter((id) => id.startsWith(q))))
    }
  })

  it.each(IDS)('%s, is given and loses what nobody else is given and loses', async (user) => {
    const permissions = ['documents:read']
    const path = `${pathOf(user)}/grants`
    const given = await expectJson(await operator.put(path, { roles: [], permissions }), 200)
    expect(given).toMatchObject({ state: 'confirmed' })
    expect(await expectJson(await operator.get(path), 200)).toMatchObject({ permissions })
    for (const id of IDS)
      expect(await stage.permissionsOf(issuedTo(id)), id).toEqual(id === user ? permissions : [])
    await expectJson(await operator.put(path, { roles: [], permissions: [] }), 200)
    expect(await eventsOf(operator, { tenant: 'acme', user, type: 'grants.changed' })).toHaveLength(2)
  })

  it('is ended alone and locked out alone, and both are on record', async () => {
    const live = new Set(IDS)
    for (const user of IDS) {
      expect(await expectJson(await stage.revokeUser(operator, user), 200)).toMatchObject({
        state: 'confirmed',
        ended: { sessions: 1 },
      })
      live.delete(user)
      for (const id of IDS)
        expect(await stage.statusOf(issuedTo(id)), id).toBe(live.has(id) ? 'live' : 'revoked')
      expect(await eventsOf(operator, { tenant: 'acme', user, type: 'revocation.recorded' })).toHaveLength(1)

      await expectJson(await operator.post(`${pathOf(user)}/suspend`, { reason: 'test' }), 200)
      expect(await stage.tryCreate(`acme/${user}`)).toEqual({ outcome: 'refused', reason: 'suspended' })
      await expectJson(await operator.post(`${pathOf(user)}/resume`, { reason: 'test' }), 200)
      expect(await stage.tryCreate(`acme/${user}`)).toMatchObject({ outcome: 'created' })
    }
    expect(await verificationOf(operator)).toMatchObject({ intact: true })
  })

  it.each(['', '.', '..', ' a', 'a ', 'a\n', 'a\0', 'Zoe\u0308', 'a\u200d', '\u202ea', '字'.repeat(86)])(
    'is not called %j, at any door',
    async (user) => {
      await expectProblem(await begin(user), 400, 'bad-request')
      await expectProblem(await stage.revokeUser(operator, user), 400, 'bad-request')
      const query = new URLSearchParams({ tenant: 'acme', user }).toString()
      for (const list of ['sessions', 'audit'])
        await expectProblem(await operator.get(`/v1/${list}?${query}`), 400, 'bad-request')
      // Clients and routers take the first three for another path.
      const { status } = await operator.get(`${pathOf(user)}/grants`)
      expect(status).toBe(/^\.{0,2}$/.test(user) ? 404 : 400)
    },
  )
})
