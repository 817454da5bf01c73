import { connect } from 'node:net'
import { text as textOf } from 'node:stream/consumers'

import { formatSessionToken, newSessionId, newSessionSecret } from '@curfew/contracts'
import { expectJson, expectProblem, type BearerClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { COOKIE, startGatewaySystem, type GatewaySystem } from './gateway-system.ts'
import { rawRequest } from './raw-request.ts'

let system: GatewaySystem
let program: BearerClient
beforeAll(async () => {
  system = await startGatewaySystem()
  program = await system.loginAsProgram('alice')
})
afterAll(() => system.stop())

const session = (headers: Record<string, string>, path = '/session'): Promise<Response> =>
  fetch(`${system.url}${path}`, { headers })

describe('a live session', () => {
  it('is shown to the program that has its token, without an anti-forgery value', async () => {
    const response = await program.get('/session')
    const body = await expectJson<{ session: object }>(response, 200)
    expect(Object.keys(body)).toEqual(['session'])
    expect(Object.keys(body.session).toSorted()).toEqual(
      'acr amr auth_time client created_at expires_at id idle_expires_at label permissions roles tenant user'.split(
        ' ',
      ),
    )
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  it.each(['bearer', 'BEARER', 'Bearer  '])(
    'is found whatever the case of the scheme: %s',
    async (scheme) => {
      expect((await session({ authorization: `${scheme} ${program.token}` })).status).toBe(200)
    },
  )

  it('is found among other cookies', async () => {
    const browser = await system.loginAsBrowser('bob')
    const cookie = `a=1; ${COOKIE}=${browser.cookie(COOKIE)}; b=2`
    const body = await expectJson<{ csrf_token: string }>(await session({ cookie }), 200)
    expect(body.csrf_token).toMatch(/^[A-Za-z0-9_-]{65}$/)
  })
})

describe('a token', () => {
  it('is refused in the same words whatever is wrong with it, wherever it is changed', async () => {
    const ended = await system.loginAsProgram('bob')
    expect((await ended.post('/logout')).status).toBe(204)
    const { token } = program
    const wrong = [
      formatSessionToken(newSessionId(), newSessionSecret()),
      token.slice(0, 26) + newSessionSecret(),
      ended.token,
      'garbage',
      'cfs_',
      token.slice(0, -1),
      `${token}A`,
      token.toUpperCase(),
      token.replace('cfs_', 'cfr_'),
      `cfs_${'*'.repeat(65)}`,
      `cfs_${'{}'.repeat(32)}x`,
      "cfs_' OR 1=1 --",
      'x'.repeat(8_000),
      'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.',
      ...Array.from({ length: 65 }, (_, at) => changed(token, 4 + at)),
    ]
    const seen = new Set<string>()
    for (const value of wrong) {
      const response = await session({ authorization: `Bearer ${value}`, 'x-request-id': 'same' })
      const { date: _date, ...headers } = Object.fromEntries(response.headers)
      seen.add(JSON.stringify([response.status, headers, await response.text()]))
    }
    expect([...seen]).toHaveLength(1)
    expect([...seen][0]).toContain('error=\\"invalid_token\\"')
  })

  it.each([
    ['a NUL', 'a\\0b'],
    ['bytes beyond ASCII', 'cfs_é'.padEnd(69, 'é')],
    ['an empty one', ''],
  ])('with %s is 401 or 400, never a fault', async (_, value) => {
    const { status } = await rawRequest(system.url, [
      'GET /session HTTP/1.1',
      'Host: x',
      'Connection: close',
      `Authorization: Bearer ${value}`,
    ])
    expect([400, 401]).toContain(status)
  })

  it('counts only in its own channel', async () => {
    const browser = await system.loginAsBrowser('alice')
    const cookie = browser.cookie(COOKIE) ?? ''
    await expectProblem(await session({ authorization: `Bearer ${cookie}` }), 401, 'unauthenticated')
    await expectProblem(await session({ cookie: `${COOKIE}=${program.token}` }), 401, 'unauthenticated')
    expect((await browser.get('/session')).status).toBe(200)
  })

  it.each([
    ['access_token', '/session?access_token='],
    ['sid', '/session?sid='],
    ['token', '/session?token='],
  ])('in the query as %s is nothing', async (_, path) => {
    const response = await session({}, path + program.token)
    await expectProblem(response, 401, 'unauthenticated')
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="curfew"')
  })

  it.each(['x-session', 'x-session-token', 'x-auth-token', 'x-curfew-session'])(
    'in the header %s is nothing',
    async (name) => {
      expect((await session({ [name]: program.token })).status).toBe(401)
    },
  )

  it('beside another is an error, or no token at all', async () => {
    const browser = await system.loginAsBrowser('alice')
    const cookie = `${COOKIE}=${browser.cookie(COOKIE)}`
    const response = await session({ cookie, authorization: `Bearer ${program.token}` })
    await expectProblem(response, 400, 'ambiguous-credentials')
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_request"')
    await expectProblem(await session({ cookie: `${cookie}; ${COOKIE}=evil` }), 401, 'unauthenticated')
    await expectProblem(await session({ cookie: `${COOKIE}=evil; ${cookie}` }), 401, 'unauthenticated')
    await expectProblem(await session({ cookie: `${cookie}; ${cookie}` }), 401, 'unauthenticated')
    expect((await session({ cookie: `${COOKIE.toUpperCase()}=evil; ${cookie}` })).status).toBe(200)
  })

  it('in two Authorization headers is refused, whichever comes first', async () => {
    for (const values of [
      [`Bearer ${program.token}`, 'Bearer evil'],
      ['Basic YTpi', `Bearer ${program.token}`],
    ]) {
      const lines = ['GET /session HTTP/1.1', 'Host: x', 'Connection: close']
      const { status } = await rawRequest(system.url, [
        ...lines,
        ...values.map((value) => `Authorization: ${value}`),
      ])
      expect(status).toBe(401)
    }
  })
})

describe('a session that is over', () => {
  it.each([
    'GET /session',
    'GET /sessions',
    'GET /session/events',
    'GET /api/documents/1',
    'GET /forward-auth',
  ])(
    'leaves alone the cookie of a login that succeeds while %s with the old one is on its way',
    async (asked) => {
      const browser = await system.loginAsBrowser('alice')
      const dead = browser.cookie(COOKIE) ?? ''
      expect((await browser.post('/logout')).status).toBe(204)
      const { hostname, port } = new URL(system.url)
      const socket = connect(Number(port), hostname)
      socket.write(
        `${asked} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\nCookie: ${COOKIE}=${dead}\r\n`,
      )
      const again = await browser.post('/login', system.credentials('alice'))
      expect(again.status).toBe(200)
      socket.write('\r\n')
      const answer = await textOf(socket)
      expect(answer).toMatch(/^HTTP\/1\.1 401 /)
      expect(answer).not.toMatch(/set-cookie|clear-site-data/i)
      expect((await browser.get('/session')).status).toBe(200)
    },
  )

  it('is refused from the request after its revocation on', async () => {
    const victim = await system.loginAsProgram('bob')
    expect((await victim.get('/session')).status).toBe(200)
    const operator = await system.loginAsProgram('operator')
    const scope = { type: 'user', tenant: 'acme', user: 'bob' }
    const revocation = await operator.at(system.sessionUrl).post('/v1/revocations', { scope, reason: 'test' })
    expect(revocation.status).toBeLessThan(300)
    await expectProblem(await victim.get('/session'), 401, 'unauthenticated')
    expect((await (await system.loginAsProgram('bob')).get('/session')).status).toBe(200)
  })
})

it('headers beyond the limit are 431 and cost nothing else', async () => {
  for (const line of [
    `Authorization: Bearer ${'x'.repeat(20_000)}`,
    `Cookie: ${COOKIE}=${'x'.repeat(20_000)}`,
  ]) {
    const { status, text } = await rawRequest(system.url, ['GET /session HTTP/1.1', 'Host: x', line])
    expect(status).toBe(431)
    expect(text).toContain('headers-too-large')
  }
  expect((await program.get('/session')).status).toBe(200)
})

it('the log of all this holds no token, no cookie and no password', async () => {
  const browser = await system.loginAsBrowser('alice')
  await browser.get(`/session?token=${program.token}`)
  const text = system.log.join('')
  const secrets = [program.token, browser.cookie(COOKIE) ?? '', browser.csrfToken ?? '']
  for (const secret of [...secrets, system.credentials('alice').password]) {
    expect(secret.length).toBeGreaterThan(20)
    expect(text).not.toContain(secret.slice(26))
  }
})

/** Another character of the alphabet, such that no bits are lost to padding. */
function changed(token: string, at: number): string {
  return token.slice(0, at) + (token[at] === 'A' ? 'Q' : 'A') + token.slice(at + 1)
}
