import { type BearerClient, expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { setStage, until, type Replica, type Stage } from './stage.ts'
import { eventsOf } from './trail.ts'

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
