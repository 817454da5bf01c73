/**
 * ① Group 8 on the running system: requests that somebody else makes a browser send.
 */
import { expectJson, expectProblem, HttpClient, type RequestExtras } from '@curfew/test-kit'
import { expect } from 'vitest'

import { asCookie, COOKIE, introspect, logIn, plain, tokenSet } from './calls.ts'
import { atAuthority } from './operating.ts'
import { conforms } from './register.ts'
import { gatewayUrl, strictUrl, system } from './stage.ts'
import { forgery } from './statements/forgery.ts'

interface Page {
  readonly token: string
  readonly csrf: string
}

async function openPage(username: string): Promise<Page> {
  const browser = await system().openBrowser(username)
  return { token: browser.cookie(COOKIE) ?? '', csrf: browser.csrfToken ?? '' }
}

const JSON_DOCUMENT = JSON.stringify({ name: 'a.txt', content_type: 'text/plain' })

/** An unsafe request of this page, as the site’s own unless `headers` say otherwise; `undefined` takes one away. */
function write(
  { token, csrf }: Page,
  headers: Record<string, string | undefined> = {},
  path = '/api/documents',
): Promise<Response> {
  const all: Record<string, string | undefined> = {
    ...asCookie(token),
    'x-csrf-token': csrf,
    'sec-fetch-site': 'same-origin',
    origin: gatewayUrl(),
    'content-type': 'application/json',
    ...headers,
  }
  const said = Object.fromEntries(
    Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
  return new HttpClient(gatewayUrl()).request('POST', path, { headers: said, body: JSON_DOCUMENT })
}

const expectForgery = async (answer: Promise<Response>): Promise<void> =>
  void (await expectProblem(await answer, 403, 'csrf-rejected'))

conforms(forgery, ({ shows, shownBy }) => {
  shows(
    'CS-01',
    'the value of nobody, of somebody else, of another session, changed or of one’s own making is refused',
    async () => {
      const page = await openPage('alice')
      const [same, other] = [await openPage('alice'), await openPage('carol')]
      const changed = page.csrf.slice(0, -1) + (page.csrf.endsWith('A') ? 'B' : 'A')
      for (const csrf of [undefined, '', changed, same.csrf, other.csrf, 'A'.repeat(page.csrf.length)])
        await expectForgery(write(page, { 'x-csrf-token': csrf }))
      const pair = { cookie: `${COOKIE}=${page.token}; csrf=self-made`, 'x-csrf-token': 'self-made' }
      await expectForgery(write(page, pair))
      await expectJson(await write(page), 201)
    },
  )

  shows(
    'CS-02',
    'the value counts neither in a cookie nor in the URL, holds nothing of the token, and dies with it',
    async () => {
      const page = await openPage('alice')
      const inCookie = {
        cookie: `${COOKIE}=${page.token}; x-csrf-token=${page.csrf}`,
        'x-csrf-token': undefined,
      }
      await expectForgery(write(page, inCookie))
      await expectForgery(
        write(page, { 'x-csrf-token': undefined }, `/api/documents?x-csrf-token=${page.csrf}`),
      )
      const { sid = '' } = await introspect(page.token)
      for (const secret of [page.token, page.token.slice(-43), sid])
        for (const form of [
          secret,
          Buffer.from(secret).toString('hex'),
          Buffer.from(secret).toString('base64url'),
        ])
          expect(page.csrf).not.toContain(form)
      const headers = { ...asCookie(page.token), 'sec-fetch-site': 'same-origin' }
      const next = tokenSet(await logIn('alice', undefined, { headers }))
      await expectForgery(write({ token: next, csrf: page.csrf }))
    },
  )
  shownBy(
    'CS-02',
    'packages/browser-boundary/src/csrf-tokens.test.ts',
    'is worth nothing for another session, after a rotation, or under another key',
  )

  shows(
    'CS-03',
    'cross-site and same-site are refused for every unsafe method and route, and navigations still work',
    async () => {
      const page = await openPage('alice')
      for (const site of ['cross-site', 'same-site', 'nonsense'])
        for (const path of ['/api/documents', '/logout', '/sessions/revoke-others', '/session/elevate'])
          expect((await write(page, { 'sec-fetch-site': site }, path)).status, `${site} ${path}`).toBe(403)
      const navigation = {
        ...asCookie(page.token),
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
      }
      expect((await plain().get('/account', navigation)).status).toBe(200)
      await expectJson(await plain().get('/session', asCookie(page.token)), 200)
    },
  )

  shows('CS-04', 'without Fetch Metadata only the exact Origin, or the Referer, passes', async () => {
    const page = await openPage('alice')
    const { host, port } = new URL(gatewayUrl())
    const none = { 'sec-fetch-site': undefined, origin: undefined }
    const foreign = [
      'null',
      `http://${host}.evil.example`,
      `http://127.0.0.1:${Number(port) + 1}`,
      'http://127.0.0.1',
      `http://evil.example#${host}`,
      '',
    ]
    for (const origin of foreign) await expectForgery(write(page, { ...none, origin }))
    await expectForgery(write(page, none))
    for (const referer of ['https://evil.example/', `http://evil.example/http://${host}/`, 'nonsense'])
      await expectForgery(write(page, { ...none, referer }))
    await expectJson(await write(page, { ...none, origin: gatewayUrl() }), 201)
    await expectJson(await write(page, { ...none, referer: `${gatewayUrl()}/account` }), 201)
  })

  shownBy('CS-04', 'packages/browser-boundary/src/same-site.test.ts', 'is refused: %j')

  shows(
    'CS-05',
    'every route asked with GET, HEAD and OPTIONS leaves sessions, documents and the log as they were',
    async () => {
      const page = await openPage('alice')
      const before = await stateOf(page)
      const paths = [
        '/login',
        '/logout',
        '/session',
        '/sessions',
        '/sessions/revoke-others',
        '/session/elevate',
        '/session/password',
        '/account',
        '/forward-auth',
        '/api/documents',
        '/api/documents/x/download',
      ]
      for (const path of paths)
        for (const method of ['GET', 'HEAD', 'OPTIONS']) {
          const answer = await plain().request(method, path, {
            headers: { ...asCookie(page.token), 'x-csrf-token': page.csrf },
          })
          expect(answer.status, `${method} ${path}`).toBeLessThan(500)
          await answer.body?.cancel()
        }
      expect(await stateOf(page)).toEqual(before)
    },
  )

  shows(
    'CS-06',
    'types that a form can send, and none at all, are refused by every JSON endpoint; the form of the sign-in page alone is read, from that page',
    async () => {
      const page = await openPage('alice')
      for (const path of ['/login', '/session/elevate', '/session/password', '/api/documents'])
        for (const type of [
          'text/plain',
          'application/x-www-form-urlencoded',
          'multipart/form-data; boundary=x',
        ]) {
          const answer = await write(page, { 'content-type': type }, path)
          const isSignInForm = path === '/login' && type.endsWith('urlencoded')
          expect(answer.status, `${path} ${type}`).toBe(isSignInForm ? 400 : 415)
        }
      const operator = await atAuthority()
      const bytes = new TextEncoder().encode('{}')
      expect((await operator.request('POST', '/v1/revocations', { body: bytes })).status).toBe(415)
      const types = { headers: { 'content-type': 'text/plain' }, body: '{}' }
      expect((await operator.request('POST', '/v1/revocations', types)).status).toBe(415)
    },
  )

  shows(
    'CS-07',
    'strangers get no CORS headers, whatever they call themselves; the named one gets its own name',
    async () => {
      const ask = (origin: string, url: string, extras: RequestExtras = {}) =>
        plain(url).request('GET', '/session', { ...extras, headers: { origin, ...extras.headers } })
      const strangers = [
        'https://evil.example',
        'null',
        'https://app.example.evil.example',
        'https://evilapp.example',
        'https://sub.app.example',
        'http://app.example',
        'https://app.example:444',
        'https://APP.example',
        '*',
      ]
      for (const url of [gatewayUrl(), strictUrl()])
        for (const origin of strangers) {
          const { headers } = await ask(origin, url)
          for (const [name] of headers) expect(name, origin).not.toMatch(/^access-control-/)
          expect(headers.get('vary')).toContain('Origin')
        }
      const { headers } = await ask('https://app.example', strictUrl())
      expect(headers.get('access-control-allow-origin')).toBe('https://app.example')
      expect(headers.get('access-control-allow-credentials')).toBe('true')
      expect(headers.get('vary')).toContain('Origin')
      for (const [name] of (await ask('https://app.example', gatewayUrl())).headers)
        expect(name).not.toMatch(/^access-control-/)
    },
  )

  shows(
    'CS-08',
    'a login and a logout that another site sends do nothing, and a prefetch begins nothing',
    async () => {
      for (const headers of [
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
        { origin: 'https://evil.example' },
        { origin: 'null' },
      ]) {
        const { tenant, password } = system().account('alice')
        const json = { tenant, username: 'alice', password }
        const answer = await plain().request('POST', '/login', { json, headers })
        expect(answer.headers.getSetCookie()).toEqual([])
        await expectProblem(answer, 403, 'csrf-rejected')
      }
      const page = await openPage('alice')
      await expectForgery(
        write(page, { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, '/logout'),
      )
      await expectJson(await plain().get('/session', asCookie(page.token)), 200)
      const prefetch = { 'sec-purpose': 'prefetch', purpose: 'prefetch', accept: 'text/html' }
      expect((await plain().get('/login', prefetch)).headers.getSetCookie()).toEqual([])
    },
  )
  shownBy('CS-08', 'test/browser/isolation.test.ts', '%s can read nothing and end nothing')

  shows(
    'CS-09',
    'every page forbids foreign scripts, frames and bases, sniffing, shared windows and referrers',
    async () => {
      const page = await openPage('alice')
      for (const path of ['/login', '/account']) {
        const { headers, status } = await plain().get(path, { ...asCookie(page.token), accept: 'text/html' })
        expect(status).toBe(200)
        const policy = headers.get('content-security-policy') ?? ''
        for (const rule of [
          "default-src 'none'",
          "object-src 'none'",
          "base-uri 'none'",
          "frame-ancestors 'none'",
          "script-src 'self'",
        ])
          expect(policy).toContain(rule)
        expect(policy).not.toContain('unsafe')
        expect(headers.get('x-content-type-options')).toBe('nosniff')
        expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
        expect(headers.get('referrer-policy')).toMatch(/^(no-referrer|same-origin)$/)
        expect(headers.get('x-frame-options')).toBe('DENY')
      }
    },
  )
  shownBy('CS-09', 'test/browser/isolation.test.ts', 'cannot put the pages into a frame')
})

async function stateOf({ token }: Page): Promise<unknown> {
  const headers = asCookie(token)
  const { sessions } = await expectJson<{ sessions: { id: string }[] }>(
    await plain().get('/sessions', headers),
    200,
  )
  const { documents } = await expectJson<{ documents: { id: string }[] }>(
    await plain().get('/api/documents', headers),
    200,
  )
  const { revocations } = await expectJson<{ revocations: { id: string }[] }>(
    await (await atAuthority()).get('/v1/revocations'),
    200,
  )
  return [sessions, documents, revocations].map((list) => list.map(({ id }) => id).toSorted())
}
