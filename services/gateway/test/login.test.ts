import { HttpClient, expectJson, expectProblem } from '@curfew/test-kit'
import { formatSessionToken, newSessionId, newSessionSecret } from '@curfew/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { eventually } from './eventually.ts'
import { COOKIE, startGatewaySystem, type GatewaySystem } from './gateway-system.ts'

let system: GatewaySystem
beforeAll(async () => {
  system = await startGatewaySystem()
})
afterAll(() => system.stop())

const login = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  new HttpClient(system.url).request('POST', '/login', { json: body, headers })

const cookieOf = (response: Response): string => response.headers.getSetCookie()[0] ?? ''
const tokenOf = (response: Response): string => /=(cfs_[^;]+);/.exec(cookieOf(response))?.[1] ?? ''
const statusWith = async (cookie: string): Promise<number> =>
  (await fetch(`${system.url}/session`, { headers: { cookie: `${COOKIE}=${cookie}` } })).status

describe('a browser that logs in', () => {
  it('gets its token in the cookie only, and what it may know of its session', async () => {
    const response = await login(system.credentials('alice'))
    const body = await expectJson<{ session: object; csrf_token: string }>(response, 200)
    const cookies = response.headers.getSetCookie()
    expect(cookies).toHaveLength(2)
    expect(cookies[1]).toMatch(/^__Host-device=/)
    expect(cookies[0]).toMatch(
      /^__Host-session=cfs_[A-Za-z0-9_-]{65}; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
    expect(body.session).toMatchObject({
      tenant: 'acme',
      user: 'alice',
      client: 'browser',
      amr: ['pwd'],
      roles: ['editor'],
      permissions: ['documents:delete', 'documents:read', 'documents:write'],
    })
    expect(Object.keys(body).toSorted()).toEqual(['csrf_token', 'session'])
    expect(JSON.stringify(body)).not.toContain(tokenOf(response).slice(26))
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('strict-transport-security')).toContain('max-age=31536000')
  })

  it('gets another token than the one it came with, and that one is dead', async () => {
    const first = tokenOf(await login(system.credentials('alice')))
    const response = await login(system.credentials('alice'), { cookie: `${COOKIE}=${first}` })
    expect(response.status).toBe(200)
    expect(tokenOf(response)).not.toBe(first)
    expect([await statusWith(first), await statusWith(tokenOf(response))]).toEqual([401, 200])
  })

  it('never gets a token that somebody chose for it, and the attempt is logged', async () => {
    const chosen = formatSessionToken(newSessionId(), newSessionSecret())
    const response = await login(system.credentials('alice'), { cookie: `${COOKIE}=${chosen}` })
    expect(response.status).toBe(200)
    expect(tokenOf(response)).not.toContain(chosen.slice(4, 26))
    expect(await statusWith(chosen)).toBe(401)
    expect(system.log.join('')).toMatch(/"event":"session.check.refused","reason":"unknown","at":"login"/)
  })

  it('does not end somebody else’s session by showing its id', async () => {
    const victim = await system.loginAsBrowser('bob')
    const { session } = await expectJson<{ session: { id: string } }>(await victim.get('/session'), 200)
    const forged = formatSessionToken(session.id as ReturnType<typeof newSessionId>, newSessionSecret())
    expect((await login(system.credentials('alice'), { cookie: `${COOKIE}=${forged}` })).status).toBe(200)
    expect((await victim.get('/session')).status).toBe(200)
  })

  it.each([
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { referer: 'https://evil.example/login' },
  ])('is not one that a foreign page sends: %j', async (headers) => {
    const response = await login(system.credentials('alice'), headers)
    await expectProblem(response, 403, 'csrf-rejected')
    expect(response.headers.getSetCookie()).toEqual([])
  })
})

it('a program that logs in gets its token in the body and no cookie', async () => {
  const response = await login({ ...system.credentials('alice'), client: 'cli' })
  const body = await expectJson<{ token: string; token_type: string; session: object }>(response, 200)
  expect(body.token).toMatch(/^cfs_[A-Za-z0-9_-]{65}$/)
  expect(body.token_type).toBe('Bearer')
  expect(body.session).toMatchObject({ client: 'cli', acr: 'aal1' })
  expect(response.headers.getSetCookie()).toEqual([])
})

describe('a login that fails', () => {
  it('looks the same for an unknown user, a wrong password, another tenant and a suspended user', async () => {
    const operator = await system.loginAsProgram('operator')
    const suspension = await operator
      .at(system.sessionUrl)
      .post('/v1/subjects/globex/carol/suspend', { reason: 'test' })
    expect(suspension.status).toBeLessThan(300)

    const alice = system.credentials('alice')
    const seen = new Set<string>()
    for (const body of [
      { ...alice, username: 'nobody' },
      { ...alice, username: 'a*b/../>' },
      { ...alice, password: `${alice.password}x` },
      { ...alice, password: alice.password.toUpperCase() },
      { ...alice, tenant: 'globex' },
      { ...alice, tenant: 'nowhere' },
      system.credentials('carol'),
    ]) {
      const response = await login(body, { 'x-request-id': 'same' })
      const problem = await expectProblem(response, 401, 'invalid-credentials')
      const { date: _date, ...headers } = Object.fromEntries(response.headers)
      seen.add(JSON.stringify([problem, headers]))
    }
    expect([...seen]).toHaveLength(1)
    await eventually(() =>
      expect(system.log.join('')).toMatch(/"event":"session.create.refused"[^\n]*"reason":"suspended"/),
    )
  })

  it('takes as long for an unknown user as for a wrong password', async () => {
    const { tenant, username } = system.credentials('bob')
    const timeOf = async (name: string): Promise<number> => {
      const startedMs = performance.now()
      expect((await login({ tenant, username: name, password: 'wrong' })).status).toBe(401)
      return performance.now() - startedMs
    }
    const times: { known: number; unknown: number }[] = []
    for (let round = 0; round < 15; round += 1)
      times.push({ known: await timeOf(username), unknown: await timeOf('nobody') })
    const median = (of: 'known' | 'unknown') =>
      times.map((time) => time[of]).toSorted((a, b) => a - b)[7] ?? 0
    // A missing hash would make it many times faster; the rest is the noise of a busy machine.
    expect(median('unknown')).toBeGreaterThan(median('known') / 2)
    expect(median('unknown')).toBeLessThan(median('known') * 2)
  })

  it.each<[unknown, string]>([
    [{}, 'username'],
    [{ username: 'alice' }, 'password'],
    [{ username: 'alice', password: 'x' }, 'tenant'],
    [{ username: '', password: 'x', tenant: 'acme' }, 'username'],
    [{ username: 'a'.repeat(256), password: 'x', tenant: 'acme' }, 'username'],
    [{ username: 'alice', password: 'x'.repeat(1025), tenant: 'acme' }, 'password'],
    [{ username: 'alice', password: '', tenant: 'acme' }, 'password'],
    [{ username: ['alice'], password: 'x', tenant: 'acme' }, 'username'],
    [{ username: 'alice', password: 1, tenant: 'acme' }, 'password'],
    [{ username: 'alice', password: 'x', tenant: 'acme', client: 'unknown' }, 'client'],
    [{ username: 'alice', password: 'x', tenant: 'acme', acr: 'aal3' }, 'acr'],
    [{ username: 'alice', password: 'x', tenant: 'acme', remember: true }, 'remember'],
  ])('because of %.60j says which member', async (body, member) => {
    const problem = await expectProblem(await login(body), 400, 'bad-request')
    expect(problem.detail).toContain(`"${member}"`)
  })

  it.each([
    ['text/plain', 415],
    // Of a page, and this caller does not say that it is one.
    ['application/x-www-form-urlencoded', 403],
    ['multipart/form-data; boundary=x', 415],
    ['application/jsonx', 415],
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
  ])('or not with content type %s', async (type, status) => {
    const body = JSON.stringify(system.credentials('alice'))
    const response = await new HttpClient(system.url).request('POST', '/login', {
      body,
      headers: { 'content-type': type },
    })
    expect(response.status).toBe(status)
  })

  it.each([
    '',
    '{',
    'null',
    '[]',
    '"alice"',
    '{"username":"alice","password":"x","__proto__":{"tenant":"acme"}}',
  ])('because of a body like %j', async (body) => {
    const headers = { 'content-type': 'application/json' }
    const response = await new HttpClient(system.url).request('POST', '/login', { body, headers })
    expect((await expectProblem(response, 400, 'bad-request')).detail).toBeDefined()
  })

  it('because of a huge body', async () => {
    const response = await login({ ...system.credentials('alice'), password: 'x'.repeat(100_000) })
    expect((await expectProblem(response, 413, 'payload-too-large')).status).toBe(413)
  })

  it('never with its assurance raised by what the client says', async () => {
    const headers = { 'x-acr': 'aal3', 'x-curfew-acr': 'aal3' }
    const response = await new HttpClient(system.url).request('POST', '/login?acr=aal3', {
      json: { ...system.credentials('alice'), client: 'api' },
      headers,
    })
    const { session } = await expectJson<{ session: { acr: string } }>(response, 200)
    expect(session.acr).toBe('aal1')
  })
})

it('a flood of logins is partly turned away with 503, and the gateway goes on', async () => {
  const { tenant, username } = system.credentials('bob')
  const flood = Array.from({ length: 400 }, () => login({ tenant, username, password: 'wrong' }))
  const responses = await Promise.all(flood)
  const statuses = responses.map(({ status }) => status)
  expect(new Set(statuses)).toEqual(new Set([401, 503]))
  const busy = responses.find(({ status }) => status === 503)
  expect(busy?.headers.get('retry-after')).toBe('1')
  expect((await login(system.credentials('alice'))).status).toBe(200)
})

it('while the session service is away a login is 503, and a session is not lost: admitted as long as the lease holds, then 503', async () => {
  const browser = await system.loginAsBrowser('alice')
  await system.session.kill('SIGKILL')
  await expectProblem(await login(system.credentials('alice')), 503, 'unavailable')
  await expectProblem(await browser.post('/logout'), 503, 'unavailable')
  await eventually(async () => {
    const response = await browser.get('/session')
    expect([200, 503]).toContain(response.status)
    await expectProblem(response, 503, 'unavailable')
    expect(response.headers.getSetCookie()).toEqual([])
  })
  expect(browser.cookie(COOKIE)).toBeDefined()
  await eventually(async () => expect((await fetch(`${system.operationsUrl}/readyz`)).status).toBe(503))
  await system.session.restart()
  await eventually(async () => expect((await browser.get('/session')).status).toBe(200))
  await eventually(async () => expect((await fetch(`${system.operationsUrl}/readyz`)).status).toBe(200))
})
