import { expectProblem } from '@curfew/test-kit'
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

  it.each(['/account', '/documents'])(
    '%s is nothing without a session: the way to it leads past the sign-in',
    async (path) => {
      const response = await navigate(path)
      expect([response.status, response.headers.get('location')]).toEqual([303, '/login'])
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
