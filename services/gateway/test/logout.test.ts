import { expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { COOKIE, startGatewaySystem, type GatewaySystem } from './gateway-system.ts'

let system: GatewaySystem
beforeAll(async () => {
  system = await startGatewaySystem()
})
afterAll(() => system.stop())

const logout = (headers: Record<string, string>): Promise<Response> =>
  fetch(`${system.url}/logout`, {
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-origin', ...headers },
  })

const DELETED = `${COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0`
const CLEARED = '"cache", "cookies", "storage"'

describe('a logout', () => {
  it('of a browser ends the session and cleans up, and does so again without complaint', async () => {
    const browser = await system.loginAsBrowser('alice')
    const cookie = `${COOKIE}=${browser.cookie(COOKIE)}`
    for (let times = 0; times < 2; times += 1) {
      const response = await logout({ cookie, 'x-csrf-token': browser.csrfToken ?? '' })
      expect(response.status).toBe(204)
      expect(response.headers.getSetCookie()).toEqual([DELETED])
      expect(response.headers.get('clear-site-data')).toBe(CLEARED)
      await expectProblem(
        await fetch(`${system.url}/session`, { headers: { cookie } }),
        401,
        'unauthenticated',
      )
    }
  })

  it('of a program ends the session, and touches no cookies', async () => {
    const program = await system.loginAsProgram('alice')
    for (let times = 0; times < 2; times += 1) {
      const response = await program.post('/logout')
      expect(response.status).toBe(204)
      expect(response.headers.getSetCookie()).toEqual([])
      expect(response.headers.has('clear-site-data')).toBe(false)
    }
    await expectProblem(await program.get('/session'), 401, 'unauthenticated')
  })

  it.each([
    ['application/json', ''],
    ['application/json', '{"all":'],
    ['text/plain', 'bye'],
    ['application/x-www-form-urlencoded', 'a=b'],
    ['multipart/form-data; boundary=x', ''],
    ['no type at all', 'x'],
    ['application/json', 'x'.repeat(200_000)],
  ])('does not fail on its form: %s', async (type, body) => {
    const headers = { 'content-type': type }
    const ends: [string, string][] = [
      ['POST', '/logout'],
      ['POST', '/sessions/revoke-others'],
    ]
    for (const [method, path] of ends) {
      const [program, other] = [await system.loginAsProgram('bob'), await system.loginAsProgram('bob')]
      expect((await program.request(method, path, { body, headers })).status).toBeLessThan(300)
      const dead = path === '/logout' ? program : other
      await expectProblem(await dead.get('/session'), 401, 'unauthenticated')
    }
    const program = await system.loginAsProgram('bob')
    const { session } = await expectJson<{ session: { id: string } }>(await program.get('/session'), 200)
    expect((await program.request('DELETE', `/sessions/${session.id}`, { body, headers })).status).toBe(204)
    await expectProblem(await program.get('/session'), 401, 'unauthenticated')
  })

  it('ends this session and no other of the same user', async () => {
    const [one, other] = [await system.loginAsProgram('alice'), await system.loginAsProgram('alice')]
    await one.post('/logout')
    expect((await other.get('/session')).status).toBe(200)
  })

  it('without a session, or with a token that never was, has nothing to do', async () => {
    expect((await logout({})).status).toBe(204)
    expect((await logout({ cookie: `${COOKIE}=garbage` })).headers.getSetCookie()).toEqual([DELETED])
    expect((await logout({ authorization: 'Bearer garbage' })).status).toBe(204)
  })

  it('that is asked for a hundred times at once ends the session once and for all', async () => {
    const program = await system.loginAsProgram('alice')
    const responses = await Promise.all(Array.from({ length: 100 }, () => program.post('/logout')))
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([204]))
    expect((await program.get('/session')).status).toBe(401)
  })
})

describe('a logout that somebody else wants', () => {
  it.each<[string, Record<string, string>]>([
    ['without an anti-forgery value', {}],
    ['with one that is made up', { 'x-csrf-token': 'A'.repeat(65) }],
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a sibling site', { 'sec-fetch-site': 'same-site' }],
    ['from another origin', { origin: 'https://evil.example' }],
    ['from a sandboxed frame', { origin: 'null' }],
  ])('%s ends nothing', async (_, headers) => {
    const browser = await system.loginAsBrowser('alice')
    const cookie = `${COOKIE}=${browser.cookie(COOKIE)}`
    const good = 'x-csrf-token' in headers || Object.keys(headers).length === 0
    const value: Record<string, string> = good ? {} : { 'x-csrf-token': browser.csrfToken ?? '' }
    const response = await logout({ cookie, ...value, ...headers })
    await expectProblem(response, 403, 'csrf-rejected')
    expect(response.headers.getSetCookie()).toEqual([])
    expect((await browser.get('/session')).status).toBe(200)
  })

  it('with the value of another session ends nothing', async () => {
    const [alice, bob] = [await system.loginAsBrowser('alice'), await system.loginAsBrowser('bob')]
    const cookie = `${COOKIE}=${alice.cookie(COOKIE)}`
    await expectProblem(await logout({ cookie, 'x-csrf-token': bob.csrfToken ?? '' }), 403, 'csrf-rejected')
    expect((await alice.get('/session')).status).toBe(200)
  })

  it('with the value in the cookie or the query ends nothing', async () => {
    const browser = await system.loginAsBrowser('alice')
    const value = browser.csrfToken ?? ''
    const cookie = `${COOKIE}=${browser.cookie(COOKIE)}; X-CSRF-Token=${value}; csrf_token=${value}`
    const response = await fetch(`${system.url}/logout?x-csrf-token=${value}`, {
      method: 'POST',
      headers: { cookie, origin: system.url },
    })
    expect(response.status).toBe(403)
  })

  it('with the cookie twice says that nothing has ended', async () => {
    const browser = await system.loginAsBrowser('alice')
    const cookie = `${COOKIE}=${browser.cookie(COOKIE)}`
    const response = await logout({ cookie: `${cookie}; ${cookie}`, 'x-csrf-token': browser.csrfToken ?? '' })
    await expectProblem(response, 400, 'ambiguous-credentials')
    expect(response.headers.getSetCookie()).toEqual([])
    expect((await browser.get('/session')).status).toBe(200)
  })

  it('through a token of the wrong channel ends nothing', async () => {
    const browser = await system.loginAsBrowser('alice')
    expect((await logout({ authorization: `Bearer ${browser.cookie(COOKIE)}` })).status).toBe(204)
    expect((await browser.get('/session')).status).toBe(200)
  })

  it('by a link or a form ends nothing', async () => {
    const browser = await system.loginAsBrowser('alice')
    await expectProblem(await browser.get('/logout'), 405, 'method-not-allowed')
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    browser.csrfToken = undefined
    const response = await browser.request('POST', '/logout', { body: 'a=b', headers })
    await expectProblem(response, 403, 'csrf-rejected')
    expect((await browser.get('/session')).status).toBe(200)
  })
})
