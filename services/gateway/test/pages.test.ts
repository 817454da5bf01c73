import { BrowserClient, expectJson, expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { COOKIE, startGatewaySystem, type GatewaySystem } from './gateway-system.ts'

let system: GatewaySystem
beforeAll(async () => {
  system = await startGatewaySystem()
})
afterAll(() => system.stop())

const navigate = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${system.url}${path}`, {
    headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', ...headers },
    redirect: 'manual',
  })

it('password managers are led to the page where a password is changed, and nothing else well-known is there', async () => {
  const found = await navigate('/.well-known/change-password')
  expect([found.status, found.headers.get('location')]).toEqual([303, '/account/password'])
  const page = await navigate('/account/password', { cookie: `${COOKIE}=anything` })
  expect(await page.text()).toContain('<dialog id="password"')
  // By this one they find out whether the answer above can be believed.
  const none = '/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200'
  expect((await navigate(none)).status).toBe(404)
})

describe('a page', () => {
  it.each(['/account', '/documents', '/login'])(
    '%s runs its own files only, is framed by nobody and kept by nobody',
    async (path) => {
      const { status, headers } = await navigate(path, { cookie: `${COOKIE}=anything` })
      expect(status).toBe(200)
      const said = Object.fromEntries(headers)
      expect(said).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'referrer-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      })
      expect(said['permissions-policy']).toContain('camera=()')
      const policy = (said['content-security-policy'] ?? '').split('; ')
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'none'",
          "script-src 'self'",
          "style-src 'self'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
          "object-src 'none'",
        ]),
      )
      // Bytes come from elsewhere, for the page that is about them and for no other.
      const elsewhere = path === '/documents' ? ' https://files.example' : ''
      expect(policy).toContain(`connect-src 'self'${elsewhere}`)
      expect(policy).toContain(`form-action 'self'${elsewhere}`)
      expect(policy.join()).not.toContain('unsafe')
    },
  )

  it('holds nothing inline, and everything that it names is there, to be kept for ever', async () => {
    const names = new Set<string>()
    for (const path of ['/account', '/documents', '/login']) {
      const html = await (await navigate(path, { cookie: `${COOKIE}=anything` })).text()
      expect(html).not.toMatch(/<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i)
      for (const [, name] of html.matchAll(/"(\/assets\/[^"#]+)"/g)) names.add(name ?? '')
    }
    expect(names.size).toBeGreaterThan(8)
    for (const name of names) {
      const response = await fetch(`${system.url}${name}`)
      expect([name, response.status]).toEqual([name, 200])
      expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      for (const [, imported] of (await response.text()).matchAll(/from '\.\/([^']+)'/g))
        expect(names).toContain(`/assets/${imported}`)
    }
  })

  it.each(['nothing.js', 'account.js', '..%2fconfig.ts', '%00', 'pages.css'])(
    'has no asset called %s',
    async (name) => {
      const response = await fetch(`${system.url}/assets/${name}`)
      expect(response.headers.get('cache-control')).toBe('no-store')
      expect([400, 404]).toContain(response.status)
    },
  )

  it.each([
    ['/account', '/login'],
    ['/documents', '/login?return_to=%2Fdocuments'],
    ['/account/password', '/login?return_to=%2Faccount%2Fpassword'],
  ])(
    '%s is nothing without a session: the way to it leads past the sign-in and back',
    async (path, signIn) => {
      const response = await navigate(path)
      expect([response.status, response.headers.get('location')]).toEqual([303, signIn])
    },
  )

  it('of the sign-in is for people; programs hear how it is done', async () => {
    for (const accept of ['application/json', '*/*']) {
      const response = await navigate('/login', { accept })
      await expectProblem(response, 405, 'method-not-allowed')
      expect(response.headers.get('allow')).toContain('POST')
    }
  })
})

describe('the way back after signing in', () => {
  const alice = () => system.credentials('alice')
  const submit = (fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${system.url}/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin', origin: system.url, accept: 'text/html', ...headers },
      body: new URLSearchParams(fields),
    })
  const fieldIn = (html: string): string | undefined => /name="return_to" value="([^"]*)"/.exec(html)?.[1]

  it('stands in the page and in the answer, where it is an own path', async () => {
    const path = '/documents/1?a="<b>"&c'
    const html = await (await navigate(`/login?return_to=${encodeURIComponent(path)}`)).text()
    expect(fieldIn(html)).toBe('/documents/1?a=%22%3Cb%3E%22&amp;c')
    const json = { ...alice(), return_to: '/documents' }
    const answer = await new BrowserClient(system.url).post('/login', json)
    expect(await expectJson(answer, 200)).toMatchObject({ return_to: '/documents' })
  })

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    '/%2f/evil.example',
    'javascript:alert(1)',
  ])('leads nowhere else: %s', async (evil) => {
    const page = await navigate(`/login?return_to=${encodeURIComponent(evil)}`)
    expect(page.status).toBe(200)
    expect(fieldIn(await page.text())).toBeUndefined()
    const answer = await new BrowserClient(system.url).post('/login', { ...alice(), return_to: evil })
    expect(await expectJson(answer, 200)).not.toHaveProperty('return_to')
    const form = await submit({ ...alice(), return_to: evil })
    expect([form.status, form.headers.get('location')]).toEqual([303, '/account'])
  })

  it('is gone by a plain form as well, which signs in like a script', async () => {
    const response = await submit({ ...alice(), return_to: '/documents?x=1' })
    expect([response.status, response.headers.get('location')]).toEqual([303, '/documents?x=1'])
    const cookie = response.headers.getSetCookie().find((one) => one.startsWith(`${COOKIE}=cfs_`))
    const session = await fetch(`${system.url}/session`, { headers: { cookie: cookie?.split(';')[0] ?? '' } })
    expect(session.status).toBe(200)
    expect(await response.text()).not.toContain('cfs_')
  })

  it('is kept by a form that is refused, with what is wrong and without the password', async () => {
    const username = '"><script>alert(1)</script>'
    const fields = { tenant: 'acme', username, password: 'secret-of-mine', return_to: '/documents' }
    const response = await submit(fields)
    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toContain("script-src 'self'")
    expect(response.headers.getSetCookie()).toEqual([])
    const html = await response.text()
    expect(html).toContain('Organisation, user name or password is wrong.')
    expect(html).not.toContain('secret-of-mine')
    expect(html).not.toContain('<script>')
    expect(html).toContain('name="tenant" value="acme"')
    expect(fieldIn(html)).toBe('/documents')
  })

  it.each<[string, Record<string, string>]>([
    ['another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
    ['another origin', { origin: 'https://evil.example' }],
    ['a frame without an origin', { origin: 'null' }],
  ])('a form of %s signs nobody in', async (_, headers) => {
    const response = await submit(alice(), headers)
    expect(response.status).toBe(403)
    expect(response.headers.getSetCookie()).toEqual([])
  })

  it('a form that does not say where it comes from, or is malformed, signs nobody in', async () => {
    const type = 'application/x-www-form-urlencoded'
    const send = (body: string, headers: Record<string, string> = {}) =>
      fetch(`${system.url}/login`, { method: 'POST', headers: { 'content-type': type, ...headers }, body })
    const body = new URLSearchParams(alice()).toString()
    expect((await send(body)).status).toBe(403)
    const own = { 'sec-fetch-site': 'same-origin' }
    for (const broken of [
      `${body}&username=bob`,
      body.replace(/password=[^&]*/, 'password=%E9'),
      `${body}&x=1`,
    ])
      expect((await send(broken, own)).status).toBe(400)
  })
})

describe('an address that does not exist', () => {
  it('is a page for people and a problem for programs, and the way in is the account', async () => {
    for (const path of ['/nowhere', '/api/nowhere', '/documents/x/y']) {
      const page = await navigate(path)
      expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
      expect(page.headers.get('content-security-policy')).toContain("style-src 'self'")
      expect(page.headers.get('cache-control')).toBe('no-store')
      expect(await page.text()).toContain('This page does not exist')
      await expectProblem(await fetch(`${system.url}${path}`), 404, 'not-found')
      await expectProblem(await navigate(path, { accept: 'text/html;q=0, */*' }), 404, 'not-found')
    }
    const root = await navigate('/')
    expect([root.status, root.headers.get('location')]).toEqual([303, '/account'])
    await expectProblem(await fetch(`${system.url}/`), 404, 'not-found')
  })
})
