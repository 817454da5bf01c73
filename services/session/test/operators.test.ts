import { BROWSER_CLIENT } from '@curfew/contracts'
import { type BearerClient, expectJson, expectProblem, HttpClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { setStage, type Created, type Replica, type Stage } from './stage.ts'

let stage: Stage
let replica: Replica
let operator: Created
beforeAll(async () => {
  stage = await setStage()
  replica = await stage.start()
  operator = await stage.login('curfew/operator')
})
afterAll(() => stage[Symbol.asyncDispose]())

const SCOPE = { type: 'user', tenant: 'acme', user: 'alice' }
const NOBODY = 'AAAAAAAAAAAAAAAAAAAAAA'

describe('who calls', () => {
  it('is refused alike without a token, with a wrong one, with a relay token, with a cookie and with what was in one', async () => {
    const { token } = operator
    const inBrowser = await stage.login('curfew/operator', { client: BROWSER_CLIENT })
    const wrong = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    const headers = [
      {},
      { authorization: 'Bearer nonsense' },
      { authorization: `Bearer ${wrong}` },
      { authorization: `Bearer cfs_${NOBODY}${token.slice(-43)}` },
      { authorization: `Bearer cfr_${token.slice(4)}` },
      { authorization: `Basic ${token}` },
      { cookie: `__Host-session=${token}` },
      { authorization: `Bearer ${inBrowser.token}` },
    ]
    const bodies = []
    for (const each of headers) {
      const response = await new HttpClient(replica.url).get('/v1/sessions', each)
      const { request_id: _, ...body } = await expectProblem(response, 401, 'unauthenticated')
      const error = each.authorization?.startsWith('Bearer') ? ', error="invalid_token"' : ''
      expect(response.headers.get('www-authenticate')).toBe(`Bearer realm="curfew"${error}`)
      bodies.push(body)
    }
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1)
  })

  it('is told so before the body is looked at', async () => {
    const response = await new HttpClient(replica.url).request('POST', '/v1/revocations', { body: '{' })
    await expectProblem(response, 401, 'unauthenticated')
  })

  it('is refused once revoked', async () => {
    const other = await stage.login('curfew/operator')
    await stage.logout(other)
    await expectProblem(await replica.as(other).get('/v1/sessions'), 401, 'unauthenticated')
  })

  it.each([
    ['acme/alice', 'GET', '/v1/sessions'],
    ['acme/reader', 'POST', '/v1/revocations'],
    ['acme/reader', 'PUT', '/v1/subjects/acme/bob/grants'],
    ['acme/granter', 'POST', '/v1/subjects/acme/bob/suspend'],
    ['acme/granter', 'GET', '/v1/revocations'],
  ])('%s lacks the permission for %s %s', async (who, method, path) => {
    const response = await replica
      .as(await stage.login(who))
      .request(method, path, method === 'GET' ? {} : { json: {} })
    await expectProblem(response, 403, 'forbidden')
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="curfew:')
  })

  it('who may only change grants cannot make himself an operator, not even in two steps', async () => {
    const granter = replica.as(await stage.login('acme/granter'))
    const grants = '/v1/subjects/acme/granter/grants'
    const self = { roles: [], permissions: ['curfew:operator'] }
    await expectProblem(await granter.put(grants, self), 403, 'forbidden')
    const role = await granter.put('/v1/tenants/acme/roles/boss', { permissions: ['curfew:operator'] })
    await expectProblem(role, 403, 'forbidden')
    await expectJson(
      await replica.as(operator).put('/v1/tenants/acme/roles/boss', { permissions: ['curfew:operator'] }),
      200,
    )
    await expectProblem(await granter.put(grants, { roles: ['boss'], permissions: [] }), 403, 'forbidden')
    await expectJson(await granter.put(grants, { roles: [], permissions: ['curfew:grants'] }), 200)
  })
})

describe('an operator of one tenant', () => {
  let chief: BearerClient
  beforeAll(async () => {
    chief = replica.as(await stage.login('acme/chief'))
  })

  it('sees and touches what is his own', async () => {
    const { session } = await stage.login('acme/alice')
    await expectJson(await chief.get(`/v1/sessions/${session.id}`), 200)
    await expectJson(await chief.get('/v1/subjects/acme/alice/grants'), 200)
    const scope = { type: 'session', session: session.id }
    const { revocation } = await expectJson<{ revocation: { id: string } }>(
      await chief.post('/v1/revocations', { scope, reason: 'mine' }),
      200,
    )
    await expectJson(await chief.get(`/v1/revocations/${revocation.id}`), 200)
    await expectJson(
      await chief.post('/v1/revocations', {
        scope: { type: 'tenant', tenant: 'acme' },
        reason: 'all',
        except_current: true,
      }),
      200,
    )
  })

  it('cannot tell what is in another tenant from what is nowhere', async () => {
    const { session } = await stage.login('globex/carol')
    const theirs = await expectJson<{ revocation: { id: string } }>(
      await replica.as(operator).post('/v1/revocations', {
        scope: { type: 'user', tenant: 'globex', user: 'dave' },
        reason: 'not yours',
      }),
      200,
    )
    const revokes = (scope: object) => chief.post('/v1/revocations', { scope, reason: 'x' })
    const grants = { roles: [], permissions: [] }
    const pairs: [() => Promise<Response>, () => Promise<Response>][] = [
      [() => chief.get(`/v1/sessions/${session.id}`), () => chief.get(`/v1/sessions/${NOBODY}`)],
      [
        () => chief.get(`/v1/revocations/${theirs.revocation.id}`),
        () => chief.get('/v1/revocations/rev_AAAAAAAAAAAAAAAAAAAAAA'),
      ],
      [
        () => revokes({ type: 'session', session: session.id }),
        () => revokes({ type: 'session', session: NOBODY }),
      ],
      [
        () => revokes({ type: 'tenant', tenant: 'globex' }),
        () => revokes({ type: 'tenant', tenant: 'nowhere' }),
      ],
      [
        () => revokes({ type: 'user', tenant: 'globex', user: 'carol' }),
        () => revokes({ type: 'user', tenant: 'nowhere', user: 'nobody' }),
      ],
      [
        () => chief.get('/v1/subjects/globex/chief/grants'),
        () => chief.get('/v1/subjects/nowhere/nobody/grants'),
      ],
      [
        () => chief.put('/v1/subjects/globex/chief/grants', grants),
        () => chief.put('/v1/subjects/nowhere/nobody/grants', grants),
      ],
      [
        () => chief.put('/v1/tenants/globex/roles/editor', { permissions: [] }),
        () => chief.put('/v1/tenants/nowhere/roles/editor', { permissions: [] }),
      ],
      [
        () => chief.post('/v1/subjects/globex/carol/suspend', {}),
        () => chief.post('/v1/subjects/nowhere/carol/suspend', {}),
      ],
      [
        () => chief.post('/v1/tenants/globex/suspend', {}),
        () => chief.post('/v1/tenants/nowhere/suspend', {}),
      ],
    ]
    for (const [real, absent] of pairs) {
      const [a, b] = [
        await expectProblem(await real(), 404, 'not-found'),
        await expectProblem(await absent(), 404, 'not-found'),
      ]
      expect({ ...a, request_id: '' }).toEqual({ ...b, request_id: '' })
    }
    expect(await stage.resolve([session.id])).toMatchObject([{ status: 'live' }])
  })

  it('is given the few sessions of a tenant at once, wherever the index has them', async () => {
    const logins = await Promise.all(Array.from({ length: 12 }, () => stage.login('piedpiper/richard')))
    const answer = await replica.as(operator).get('/v1/sessions?tenant=piedpiper')
    const page = await expectJson<{ sessions: { id: string }[]; next_cursor: null }>(answer, 200)
    const ids = logins.map(({ session }) => session.id).toSorted()
    expect(page.sessions.map(({ id }) => id).toSorted()).toEqual(ids)
    expect(page.next_cursor).toBe(null)
  })

  it('has lists of his own tenant only', async () => {
    const { session } = await stage.login('globex/carol')
    const own = await stage.login('acme/alice')
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: { sessions: { id: string; tenant: string }[]; next_cursor: string | null } =
        await expectJson(await chief.get(`/v1/sessions${cursor === '' ? '' : `?cursor=${cursor}`}`), 200)
      for (const each of page.sessions) expect(each.tenant).toBe('acme')
      ids.push(...page.sessions.map(({ id }) => id))
      cursor = page.next_cursor
    }
    expect(ids).toContain(own.session.id)
    expect(ids).not.toContain(session.id)
    for (const query of ['tenant=globex', 'tenant=globex&user=carol', 'tenant=nowhere'])
      expect(await expectJson(await chief.get(`/v1/sessions?${query}`), 200)).toEqual({
        sessions: [],
        next_cursor: null,
      })
    const history = await expectJson<{ revocations: { scope: { tenant?: string } }[] }>(
      await chief.get('/v1/revocations'),
      200,
    )
    for (const { scope } of history.revocations) expect([undefined, 'acme']).toContain(scope.tenant)
  })

  it('may not reach beyond tenants', async () => {
    for (const scope of [{ type: 'global' }, { type: 'client', client: 'cli' }])
      await expectProblem(await chief.post('/v1/revocations', { scope, reason: 'x' }), 403, 'forbidden')
  })
})

describe('hostile input', () => {
  const bodies: [string, unknown, string][] = [
    ['an unknown member', { scope: SCOPE, reason: 'x', force: true }, 'force'],
    ['an unknown member inside', { scope: { ...SCOPE, session: NOBODY }, reason: 'x' }, 'scope.session'],
    ['an unknown scope', { scope: { type: 'planet' }, reason: 'x' }, 'scope.type'],
    ['no scope', { reason: 'x' }, 'scope'],
    ['no reason', { scope: SCOPE }, 'reason'],
    ['an empty reason', { scope: SCOPE, reason: '' }, 'reason'],
    ['a long reason', { scope: SCOPE, reason: 'x'.repeat(501) }, 'reason'],
    ['an escape sequence as a reason', { scope: SCOPE, reason: '\u001b[2J' }, 'reason'],
    ['a wildcard as a tenant', { scope: { ...SCOPE, tenant: '*' }, reason: 'x' }, 'scope.tenant'],
    ['a subject as a tenant', { scope: { ...SCOPE, tenant: 'a>b' }, reason: 'x' }, 'scope.tenant'],
    ['a slash in a tenant', { scope: { ...SCOPE, tenant: 'a/b' }, reason: 'x' }, 'scope.tenant'],
    ['a way to another user', { scope: { ...SCOPE, user: 'a/../b' }, reason: 'x' }, 'scope.user'],
    ['a number as a user', { scope: { ...SCOPE, user: 7 }, reason: 'x' }, 'scope.user'],
    ['a prototype', JSON.parse('{"__proto__":{"x":1},"reason":"x"}'), 'body'],
    ['an array', [], 'body'],
  ]
  it.each(bodies)('%s is refused by name', async (_, json, member) => {
    const { detail } = await expectProblem(
      await replica.as(operator).request('POST', '/v1/revocations', { json }),
      400,
      'bad-request',
    )
    expect(detail).toContain(member)
  })

  it.each([
    ['GET', '/v1/sessions?user=alice', 'user'],
    ['GET', '/v1/sessions?tenant=a%2Fb', 'tenant'],
    ['GET', '/v1/sessions?limit=5', 'limit'],
    ['GET', '/v1/sessions?tenant=a&tenant=b', 'tenant'],
    ['GET', '/v1/sessions?cursor=..%2F', 'cursor'],
    ['GET', `/v1/sessions?cursor=${Buffer.from('index:999.1').toString('base64url')}`, 'cursor'],
    ['GET', `/v1/sessions?cursor=${Buffer.from('expiry:1').toString('base64url')}`, 'cursor'],
    ['GET', `/v1/revocations?cursor=${Buffer.from('position:[').toString('base64url')}`, 'cursor'],
    ['GET', '/v1/sessions/short', 'id'],
    ['GET', `/v1/sessions/${NOBODY}x`, 'id'],
    ['GET', '/v1/revocations/rev_*', 'id'],
    ['GET', '/v1/subjects/a%20b/c/grants', 'tenant'],
    ['GET', '/v1/subjects/acme/%00/grants', 'user'],
    ['GET', '/v1/subjects/acme/..%2Fx/grants', 'user'],
    ['PUT', '/v1/tenants/acme/roles/%2A', 'role'],
    ['POST', '/v1/subjects/acme/x%E2%80%AE/suspend', 'user'],
  ])('%s %s is refused by name', async (method, path, member) => {
    const response = await replica.as(operator).request(method, path, method === 'GET' ? {} : { json: {} })
    const { detail } = await expectProblem(response, 400, 'bad-request')
    expect(detail).toContain(member)
  })

  it.each([
    ['roles', { roles: ['a', 'a'], permissions: [] }],
    ['roles', { roles: Array.from({ length: 65 }, (_, i) => `r${i}`), permissions: [] }],
    ['permissions', { roles: [], permissions: ['documents:*'] }],
    ['permissions', { roles: [] }],
  ])('grants with faulty %s are refused', async (member, json) => {
    const response = await replica.as(operator).put('/v1/subjects/acme/alice/grants', json)
    expect((await expectProblem(response, 400, 'bad-request')).detail).toContain(member)
  })

  it.each(['abc', '"a', '5', '"a" "b"'])('If-Match %s is refused', async (tag) => {
    const response = await replica.as(operator).request('PUT', '/v1/subjects/acme/alice/grants', {
      json: { roles: [], permissions: [] },
      headers: { 'if-match': tag },
    })
    expect((await expectProblem(response, 400, 'bad-request')).detail).toContain('if-match')
  })

  it('a body that is no JSON, too large or of another type is a problem of its own', async () => {
    const api = replica.as(operator)
    const post = (extras: object) => api.request('POST', '/v1/revocations', extras)
    const headers = { 'content-type': 'application/json' }
    await expectProblem(await post({ headers, body: '{' }), 400, 'bad-request')
    await expectProblem(await post({ headers, body: ' '.repeat(70_000) }), 413, 'payload-too-large')
    await expectProblem(
      await post({ headers: { 'content-type': 'text/xml' }, body: '<a/>' }),
      415,
      'unsupported-media-type',
    )
  })

  it('names of 128 characters with every sign of their alphabet work', async () => {
    const role = `r${'._@+:|~-'.repeat(15)}${'x'.repeat(7)}`
    expect(role).toHaveLength(128)
    const api = replica.as(operator)
    const path = `/v1/tenants/acme/roles/${encodeURIComponent(role)}`
    await expectJson(await api.put(path, { permissions: ['documents:read'] }), 200)
    await expectJson(await api.put('/v1/subjects/acme/zed/grants', { roles: [role], permissions: [] }), 200)
    expect(await stage.permissionsOf(await stage.login('acme/zed'))).toEqual(['documents:read'])
  })
})
