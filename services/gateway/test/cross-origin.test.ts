import { HttpClient, expectProblem, type BrowserClient } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { COOKIE, openBrowser, setEdgeStage, type EdgeStage, type Replica } from './edge-stage.ts'

const APP = 'https://app.example'

let stage: EdgeStage
let closed: Replica
let open: Replica
beforeAll(async () => {
  stage = await setEdgeStage()
  closed = await stage.start()
  open = await stage.start({ corsOrigins: new Set([APP]) })
})
afterAll(() => stage[Symbol.asyncDispose]())

const corsHeaders = (response: Response): string[] =>
  [...response.headers.keys()].filter((name) => name.startsWith('access-control-'))
const preflight = (url: string, path: string, origin: string): Promise<Response> =>
  fetch(`${url}${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  })

describe('pages of other origins', () => {
  const strangers = [
    'null',
    'https://evil.example',
    'https://app.example.evil.example',
    'https://evilapp.example',
    'https://sub.app.example',
    'http://app.example',
    'https://app.example:8443',
    'https://APP.example',
    'https://app.example/',
    '*',
  ]

  it.each(strangers)('read nothing when they are not named: %s', async (origin) => {
    for (const { url } of [closed, open])
      for (const path of ['/session', '/login', '/logout', '/api/down/x', '/session/password', '/nowhere']) {
        const answers = [
          await preflight(url, path, origin),
          await fetch(`${url}${path}`, { headers: { origin } }),
        ]
        for (const answer of answers) {
          expect(corsHeaders(answer)).toEqual([])
          expect(answer.status).toBeGreaterThanOrEqual(400)
        }
        if (path === '/session' || path === '/api/down/x')
          expect(answers[1]?.headers.get('vary')).toContain('Origin')
      }
  })

  it('are allowed nothing without a setting', async () => {
    expect(corsHeaders(await preflight(closed.url, '/login', APP))).toEqual([])
    expect((await preflight(closed.url, '/login', APP)).status).toBe(405)
  })

  it('that are named are told so, by their exact name', async () => {
    // An unknown path as well: the page is to read that it is unknown.
    for (const path of ['/login', '/session/password', '/api/down/x', '/nowhere', '/api/nobody']) {
      const response = await preflight(open.url, path, APP)
      expect(response.status).toBe(204)
      expect(response.headers.get('access-control-allow-origin')).toBe(APP)
      expect(response.headers.get('access-control-allow-credentials')).toBe('true')
      expect(response.headers.get('access-control-allow-headers')).toContain('x-csrf-token')
      expect(response.headers.get('vary')).toContain('Origin')
    }
    const response = await fetch(`${open.url}/session`, { headers: { origin: APP } })
    expect(response.status).toBe(401)
    expect(response.headers.get('access-control-allow-origin')).toBe(APP)
  })

  it('that are named may log in and change things, still with the anti-forgery value', async () => {
    const headers = { origin: APP, 'sec-fetch-site': 'same-site' }
    const json = stage.credentials('alice')
    const response = await new HttpClient(open.url).request('POST', '/login', { json, headers })
    expect(response.status).toBe(200)
    const { csrf_token: value } = (await response.json()) as { csrf_token: string }
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const logout = (more: Record<string, string>) =>
      fetch(`${open.url}/logout`, { method: 'POST', headers: { ...headers, cookie, ...more } })
    await expectProblem(await logout({}), 403, 'csrf-rejected')
    await expectProblem(
      await logout({ 'x-csrf-token': value, origin: 'https://evil.example' }),
      403,
      'csrf-rejected',
    )
    expect((await logout({ 'x-csrf-token': value })).status).toBe(204)
  })

  it('that are named can read every refusal, whoever makes it', async () => {
    const get = (
      path: string,
      init: { method?: string; headers?: Record<string, string>; body?: string } = {},
    ) => fetch(`${open.url}${path}`, { ...init, headers: { origin: APP, ...init.headers } })
    const json = { 'content-type': 'application/json' }
    const refusals = [
      await get('/nowhere'),
      await get('/logout', { method: 'PUT' }),
      await get('/%zz'),
      await get('/login', { method: 'POST', headers: json, body: '{' }),
      await get('/login', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' }),
      await get('/login', { method: 'POST', headers: json, body: `"${'x'.repeat(70_000)}"` }),
      await get('/session'),
      await get('/api/down/x'),
    ]
    expect(refusals.map(({ status }) => status)).toEqual([404, 405, 400, 400, 415, 413, 401, 401])
    for (const { headers } of refusals) {
      expect(headers.get('access-control-allow-origin')).toBe(APP)
      expect(headers.get('access-control-allow-credentials')).toBe('true')
      expect(headers.get('access-control-expose-headers')).toContain('retry-after')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('vary')).toContain('Origin')
    }
    const stranger = await fetch(`${open.url}/nowhere`, { headers: { origin: 'https://evil.example' } })
    expect(corsHeaders(stranger)).toEqual([])
  })

  it('make no path accept OPTIONS that does not', async () => {
    const response = await fetch(`${open.url}/login`, { method: 'OPTIONS' })
    await expectProblem(response, 405, 'method-not-allowed')
    expect(response.headers.get('allow')).toContain('POST')
    expect((await fetch(`${open.url}/nowhere`, { method: 'OPTIONS' })).status).toBe(404)
  })
})

describe('what a browser declares of a request with a cookie', () => {
  let browser: BrowserClient
  beforeAll(async () => {
    browser = await openBrowser(closed.url, stage.credentials('alice'))
  })
  const send = (method: string, path: string, said: Record<string, string>): Promise<Response> =>
    fetch(`${closed.url}${path}`, {
      method,
      headers: {
        cookie: `${COOKIE}=${browser.cookie(COOKIE)}`,
        'x-csrf-token': browser.csrfToken ?? '',
        ...said,
      },
    })

  it.each(['cross-site', 'same-site', 'none', 'same-origin'])(
    'decides about what changes something: sec-fetch-site %s',
    async (site) => {
      const isOurs = site === 'none' || site === 'same-origin'
      for (const [method, path] of [
        ['POST', '/session/password'],
        ['DELETE', '/api/down/1'],
        ['PUT', '/api/down/1'],
        ['PATCH', '/api/down/1'],
        ['POST', '/api/down/1'],
      ] as const) {
        const { status } = await send(method, path, { 'sec-fetch-site': site })
        // Past the boundary: nothing behind it, or a body that is missing.
        if (isOurs) expect([400, 415, 503]).toContain(status)
        else expect(status).toBe(403)
      }
      // Following a link from anywhere is reading.
      expect((await send('GET', '/session', { 'sec-fetch-site': site })).status).toBe(200)
    },
  )

  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['the origin null', { origin: 'null' }],
    ['another port', { origin: 'http://127.0.0.1:1' }],
    ['another scheme', { origin: 'https://127.0.0.1' }],
    ['a page elsewhere', { referer: 'https://evil.example/127.0.0.1' }],
  ])('is held against it without Fetch Metadata: %s', async (_, said) => {
    for (const [method, path] of [
      ['POST', '/logout'],
      ['POST', '/session/password'],
      ['PUT', '/api/down/1'],
    ] as const)
      await expectProblem(await send(method, path, said), 403, 'csrf-rejected')
    expect((await send('GET', '/session', said)).status).toBe(200)
  })

  it('may be its origin or its page alone', async () => {
    for (const said of [{ origin: closed.url }, { referer: `${closed.url}/account` }])
      expect((await send('PUT', '/api/down/1', said)).status).toBe(503)
  })
})

describe('every answer', () => {
  const own: [string, RegExp][] = [
    ['strict-transport-security', /^max-age=31536000; includeSubDomains$/],
    ['x-content-type-options', /^nosniff$/],
    ['content-security-policy', /default-src 'none'.*frame-ancestors 'none'/],
    ['cross-origin-opener-policy', /^same-origin$/],
    ['cross-origin-resource-policy', /^same-origin$/],
    ['referrer-policy', /^no-referrer$/],
    ['x-frame-options', /^DENY$/],
    ['cache-control', /^no-store$/],
  ]

  it.each(['/session', '/nowhere', '/login', '/logout', '/forward-auth', '/api/down/1'])(
    'of %s is framed, sniffed and kept by nobody, and names no product',
    async (path) => {
      const { headers } = await fetch(`${closed.url}${path}`)
      for (const [name, value] of own) {
        // That host is another application's: whether it is reached by TLS alone is not the gateway's to say.
        if (path === '/forward-auth' && name === 'strict-transport-security')
          expect(headers.has(name)).toBe(false)
        else expect(headers.get(name), name).toMatch(value)
      }
      for (const name of ['server', 'x-powered-by']) expect(headers.has(name)).toBe(false)
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json; charset=utf-8$/)
    },
  )

  it('to a method that a path does not have is 405 with those that it has, and TRACE is off', async () => {
    const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
    for (const [path, allowed] of [
      ['/session/elevate', 'POST'],
      ['/logout', 'POST'],
      ['/session', 'GET, HEAD'],
      ['/session/password', 'POST'],
    ] as const)
      for (const method of methods.filter((name) => !allowed.split(', ').includes(name))) {
        const response = await fetch(`${closed.url}${path}`, { method })
        expect(response.status, `${method} ${path}`).toBe(405)
        expect(response.headers.get('allow')).toBe(allowed)
      }
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/json',
  ])('to a JSON body sent as %s is 415', async (type) => {
    const browser = await openBrowser(closed.url, stage.credentials('alice'))
    const headers = { 'content-type': type }
    // The sign-in page has a form.
    const signIn = type.endsWith('urlencoded') ? [] : ['/login']
    for (const path of [...signIn, '/session/elevate', '/session/password']) {
      const response = await browser.request('POST', path, { body: '{"username":"alice"}', headers })
      await expectProblem(response, 415, 'unsupported-media-type')
    }
    expect((await browser.get('/session')).status).toBe(200)
  })
})

describe('behind a proxy that keeps its own name', () => {
  const signIn = (url: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${url}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://shop.example', ...headers },
      body: JSON.stringify(stage.credentials('alice')),
    })
  const forwarded = { 'x-forwarded-host': 'shop.example', 'x-forwarded-proto': 'https' }

  it('people sign in and out where the proxy is trusted and says under which name it was called', async () => {
    const trusting = await stage.start({ isTrustedProxy: (address) => address === '127.0.0.1' })
    const answer = await signIn(trusting.url, forwarded)
    expect(answer.status).toBe(200)
    const { csrf_token: value } = (await answer.json()) as { csrf_token: string }
    const [cookie = ''] = (answer.headers.getSetCookie().find((one) => one.startsWith(COOKIE)) ?? '').split(
      ';',
    )
    const logout = await fetch(`${trusting.url}/logout`, {
      method: 'POST',
      headers: { cookie, 'x-csrf-token': value, origin: 'https://shop.example', ...forwarded },
    })
    expect(logout.status).toBeLessThan(300)
    await expectProblem(await signIn(trusting.url, {}), 403, 'csrf-rejected')
  })

  it('nobody does where it is not', async () => {
    await expectProblem(await signIn(closed.url, forwarded), 403, 'csrf-rejected')
  })
})
