import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { MAX_PERMISSION_BYTES, MAX_TENANT_ROLES } from '@curfew/contracts'
import { type BearerClient, expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { sessionIdOf, setStage, type Replica, type Stage } from './stage.ts'

let stage: Stage
let replica: Replica
let api: BearerClient
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start()
  api = replica.as(await stage.login('curfew/operator'))
})
afterAll(() => stage[Symbol.asyncDispose]())

const grantsOf = (user: string): string => `/v1/subjects/acme/${user}/grants`

describe('grants', () => {
  it('from the seed are there at the first start', async () => {
    const response = await api.get(grantsOf('alice'))
    const grants = await expectJson<{ position: string }>(response, 200)
    expect(grants).toMatchObject({ roles: ['editor'], permissions: ['reports:read'] })
    expect(response.headers.get('etag')).toBe(`"${grants.position}"`)
  })

  it('change what a live session may do, without a new login', async () => {
    const session = await stage.login('acme/worker')
    expect(await stage.permissionsOf(session)).toEqual([])
    const changed = await expectJson(
      await api.put(grantsOf('worker'), { roles: ['viewer'], permissions: ['reports:read'] }),
      200,
    )
    expect(changed).toMatchObject({ roles: ['viewer'], state: 'confirmed', recorded: true })
    expect(await stage.permissionsOf(session)).toEqual(['documents:read', 'reports:read'])
    await expectJson(await api.put(grantsOf('worker'), { roles: [], permissions: [] }), 200)
    expect(await stage.permissionsOf(session)).toEqual([])
    expect(await stage.statusOf(session)).toBe('live')
  })

  it('answer what was last put, and nothing for whom the log never mentioned', async () => {
    await expectJson(await api.put(grantsOf('writer'), { roles: ['editor'], permissions: [] }), 200)
    expect(await expectJson(await api.get(grantsOf('writer')), 200)).toMatchObject({ roles: ['editor'] })
    await expectProblem(await api.get(grantsOf('nobody')), 404, 'not-found')
  })

  it('with If-Match change only what was seen', async () => {
    const put = (headers: Record<string, string>, permissions: string[]) =>
      api.request('PUT', grantsOf('careful'), { json: { roles: [], permissions }, headers })
    await expectProblem(
      await put({ 'if-match': '"000001.0000000000000001"' }, []),
      412,
      'precondition-failed',
    )
    await expectProblem(await put({ 'if-match': '*' }, []), 412, 'precondition-failed')
    const created = await put({ 'if-none-match': '*' }, ['a:read'])
    await expectJson(created, 200)
    await expectProblem(await put({ 'if-none-match': '*' }, ['b:read']), 412, 'precondition-failed')
    const tag = created.headers.get('etag') ?? ''
    await expectProblem(await put({ 'if-match': `W/${tag}` }, ['b:read']), 412, 'precondition-failed')
    const second = await put({ 'if-match': `"other", ${tag}` }, ['b:read'])
    await expectJson(second, 200)
    await expectProblem(await put({ 'if-match': tag }, ['c:read']), 412, 'precondition-failed')
    await expectJson(await put({ 'if-match': second.headers.get('etag') ?? '' }, ['d:read']), 200)
    await expectJson(await put({ 'if-match': '*' }, ['e:read']), 200)
  })

  it('with If-Match let exactly one of many writers through', async () => {
    const first = await api.put(grantsOf('contended'), { roles: [], permissions: ['n:0'] })
    const tag = first.headers.get('etag') ?? ''
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        api.request('PUT', grantsOf('contended'), {
          json: { roles: [], permissions: [`n:${n + 1}`] },
          headers: { 'if-match': tag },
        }),
      ),
    )
    const statuses = answers.map((response) => response.status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 412)).toHaveLength(19)
    const winner = answers.find((response) => response.status === 200)
    const { permissions } = await expectJson<{ permissions: string[] }>(winner as Response, 200)
    expect(await expectJson(await api.get(grantsOf('contended')), 200)).toMatchObject({ permissions })
  })
})

describe('a role', () => {
  it('redefined reaches everyone who has it, in live sessions', async () => {
    const [alice, bob, carol] = [
      await stage.login('acme/alice'),
      await stage.login('acme/bob'),
      await stage.login('globex/carol'),
    ]
    await expectJson(await api.put('/v1/tenants/acme/roles/viewer', { permissions: ['documents:list'] }), 200)
    expect(await stage.permissionsOf(bob)).toEqual(['documents:list'])
    expect(await stage.permissionsOf(alice)).toContain('documents:write')
    // The same name in another tenant is another role, and one that nobody defined gives nothing.
    expect(await stage.permissionsOf(carol)).toEqual([])
    await expectJson(await api.put('/v1/tenants/acme/roles/viewer', { permissions: ['documents:read'] }), 200)
  })

  it('is granted only once it is defined: nobody holds beforehand what it will permit', async () => {
    const grants = { roles: ['viewer', 'auditor'], permissions: [] }
    // A permission of the same name makes no difference.
    await expectJson(await api.put(grantsOf('named'), { roles: [], permissions: ['auditor'] }), 200)
    await expectProblem(await api.put(grantsOf('named'), grants), 409, 'conflict')
    const { detail } = await expectProblem(await api.put(grantsOf('early'), grants), 409, 'conflict')
    expect(detail).toContain('auditor')
    await expectProblem(await api.get(grantsOf('early')), 404, 'not-found')
    await expectJson(await api.put('/v1/tenants/acme/roles/auditor', { permissions: ['audit:read'] }), 200)
    await expectJson(await api.put(grantsOf('early'), grants), 200)
    const elsewhere = await api.put('/v1/subjects/globex/early/grants', {
      roles: ['auditor'],
      permissions: [],
    })
    await expectProblem(elsewhere, 409, 'conflict')
  })

  it('that nobody has defined is kept and withdrawn by operators, where it was granted before', async () => {
    const path = '/v1/subjects/globex/carol/grants'
    await expectJson(await api.put(path, { roles: ['viewer'], permissions: ['reports:read'] }), 200)
    await expectJson(await api.put(path, { roles: [], permissions: ['reports:read'] }), 200)
    await expectProblem(await api.put(path, { roles: ['viewer'], permissions: [] }), 409, 'conflict')
  })
})

/** Distinct permissions of some 200 characters. */
const long = (count: number, of: string): string[] =>
  Array.from({ length: count }, (_, n) => [`${of}-${n}`, ...Array(3).fill('x'.repeat(64))].join(':'))
const MOST_LONG = Math.floor(MAX_PERMISSION_BYTES / 300)

describe('permissions without measure', () => {
  const role = (name: string): string => `/v1/tenants/acme/roles/${name}`

  it('are refused in one entry, and what was granted stays', async () => {
    const wanted = long(256, 'own')
    await expectJson(await api.put(grantsOf('greedy'), { roles: [], permissions: wanted.slice(0, 3) }), 200)
    const refused = await api.put(grantsOf('greedy'), { roles: [], permissions: wanted })
    await expectProblem(refused, 422, 'permissions-too-large')
    expect(await expectJson(await api.get(grantsOf('greedy')), 200)).toMatchObject({
      permissions: wanted.slice(0, 3),
    })
    await expectProblem(await api.put(role('greedy'), { permissions: wanted }), 422, 'permissions-too-large')
  })

  it('are refused in more roles than a tenant may have, and those that there are can be changed', async () => {
    const put = (name: string) => api.put(`/v1/tenants/crowded/roles/${name}`, { permissions: ['a:read'] })
    const names = Array.from({ length: MAX_TENANT_ROLES }, (_, n) => `role-${n}`)
    await Promise.all(names.map(async (name) => expectJson(await put(name), 200)))
    await expectProblem(await put('one-more'), 422, 'permissions-too-large')
    const withdrawn = await api.put('/v1/tenants/crowded/roles/role-0', { permissions: [] })
    await expectJson(withdrawn, 200)
    await expectJson(await put('role-0'), 200)
  })

  it('are refused by many roles together', async () => {
    const roles = Array.from({ length: 8 }, (_, n) => `part-${n}`)
    for (const name of roles)
      await expectJson(await api.put(role(name), { permissions: long(MOST_LONG, name) }), 200)
    const partly = await api.put(grantsOf('collector'), { roles: roles.slice(0, 4), permissions: [] })
    await expectJson(partly, 200)
    const refused = await api.put(grantsOf('collector'), { roles, permissions: [] })
    await expectProblem(refused, 422, 'permissions-too-large')
    expect(await expectJson(await api.get(grantsOf('collector')), 200)).toMatchObject({
      roles: roles.slice(0, 4),
    })
  })

  it('that were given earlier keep no other session from an answer, and can be taken', async () => {
    const roles = Array.from({ length: 20 }, (_, n) => `giant-${n}`)
    const seed = {
      roles: roles.map((name) => ({ tenant: 'acme', role: name, permissions: long(230, name) })),
      grants: [
        { tenant: 'acme', user: 'giant', roles, permissions: [] },
        { tenant: 'acme', user: 'large', roles: roles.slice(0, 9), permissions: [] },
      ],
    }
    const [giant, small] = [await stage.login('acme/giant'), await stage.login('globex/small')]
    const large = [await stage.login('acme/large'), await stage.login('acme/large')]
    const file = join(stage.directory, 'giant.json')
    await writeFile(file, JSON.stringify(seed))
    await stage.start({ SESSION_SEED_FILE: file })
    await replica.isReady()

    const statuses = async () => {
      const ids = [giant, ...large, small].map(({ token }) => sessionIdOf(token))
      return (await stage.resolve(ids)).map(({ status }) => status)
    }
    expect(await statuses()).toEqual(['left-out', 'live', 'left-out', 'live'])

    const listed = await api.get('/v1/sessions?tenant=acme&user=large')
    const page = await expectJson<{ sessions: object[]; next_cursor: string }>(listed, 200)
    expect(page.sessions).toHaveLength(1)
    const rest = await api.get(`/v1/sessions?tenant=acme&user=large&cursor=${page.next_cursor}`)
    expect(await expectJson(rest, 200)).toMatchObject({ sessions: [{ user: 'large' }], next_cursor: null })

    const fewer = { roles: roles.slice(1, 20), permissions: [] }
    await expectJson(await api.put(grantsOf('giant'), fewer), 200)
    await expectProblem(
      await api.put(grantsOf('giant'), { ...fewer, permissions: ['a:read'] }),
      422,
      'permissions-too-large',
    )
    await expectJson(await api.put(role('giant-1'), { permissions: long(229, 'giant-1') }), 200)
    await expectJson(await api.put(grantsOf('giant'), { roles: [], permissions: [] }), 200)
    expect(await statuses()).toEqual(['live', 'live', 'left-out', 'live'])
  })
})

describe('a suspension', () => {
  it('of a user stops live sessions and new ones until resumed', async () => {
    const session = await stage.login('acme/alice')
    const other = await stage.login('acme/bob')
    const path = '/v1/subjects/acme/alice'
    expect(await expectJson(await api.post(`${path}/suspend`, { reason: 'away' }), 200)).toMatchObject({
      tenant: 'acme',
      user: 'alice',
      suspended: true,
      recorded: true,
    })
    expect(await stage.statusOf(session)).toBe('suspended')
    expect(await stage.statusOf(other)).toBe('live')
    expect(await stage.tryCreate('acme/alice')).toEqual({ outcome: 'refused', reason: 'suspended' })
    expect(await expectJson(await api.post(`${path}/resume`), 200)).toMatchObject({ suspended: false })
    expect(await stage.statusOf(session)).toBe('live')
    await stage.login('acme/alice')
  })

  it('of a tenant stops everyone in it, and does not lift that of a user', async () => {
    const [alice, bob, carol] = [
      await stage.login('acme/alice'),
      await stage.login('acme/bob'),
      await stage.login('globex/carol'),
    ]
    await expectJson(await api.post('/v1/subjects/acme/bob/suspend'), 200)
    await expectJson(await api.post('/v1/tenants/acme/suspend'), 200)
    expect(await stage.statusOf(alice)).toBe('suspended')
    expect(await stage.statusOf(carol)).toBe('live')
    await expectJson(await api.post('/v1/tenants/acme/resume'), 200)
    expect(await stage.statusOf(alice)).toBe('live')
    expect(await stage.statusOf(bob)).toBe('suspended')
    await expectJson(await api.post('/v1/subjects/acme/bob/resume'), 200)
  })

  it('of the operators themselves is refused: nobody could end it', async () => {
    await expectProblem(await api.post('/v1/tenants/curfew/suspend'), 409, 'conflict')
  })
})
