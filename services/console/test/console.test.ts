/**
 * The console in front of the whole system: what a browser is given, and what it has to show.
 */
import {
  BrowserClient,
  HttpClient,
  expectJson,
  expectProblem,
  startTestSystem,
  type TestSystem,
} from '@curfew/test-kit'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const COOKIE = '__Host-console'

let system: TestSystem
let url: string
beforeAll(async () => {
  system = await startTestSystem({ console: true })
  url = system.services.console.url
})
afterAll(() => system[Symbol.asyncDispose]())

interface SignedIn {
  readonly session: {
    readonly id: string
    readonly user: string
    readonly client: string
    readonly auth_time: string
  }
  readonly csrf_token: string
}

function credentialsOf(username: string) {
  const { tenant, password } = system.account(username)
  return { tenant, username, password }
}

function signIn(username = 'operator'): Promise<BrowserClient> {
  return system.openConsole(username)
}

const endAll = { scope: { type: 'user', tenant: 'acme', user: 'bob' }, reason: 'a test' }

describe('signing in', () => {
  it('gives a cookie that only this origin has and no script reads, and a token nowhere else', async () => {
    const answer = await new BrowserClient(url).post('/api/login', credentialsOf('operator'))
    const cookies = answer.headers.getSetCookie()
    const [device, session, ...others] = cookies.toSorted()
    const [pair = '', ...attributes] = session?.split('; ') ?? []
    expect(pair).toMatch(/^__Host-console=cfs_[\w-]{65}$/)
    expect(new Set(attributes)).toEqual(new Set(['Path=/', 'Secure', 'HttpOnly', 'SameSite=Strict']))
    // By which the gateway counts what fails at this browser by itself, and which opens nothing.
    expect(others).toEqual([])
    expect(device).toMatch(/^__Host-console-device=[\w.~-]+; .*; SameSite=Strict; Max-Age=\d+$/)
    expect(answer.headers.get('cache-control')).toContain('no-store')
    const text = await answer.text()
    expect(text).not.toContain('cfs_')
    expect(JSON.parse(text)).toMatchObject({ session: { user: 'operator', client: 'console' } })
  })

  it('is refused to people without a permission over Curfew, who keep no session', async () => {
    const browser = new BrowserClient(url)
    await expectProblem(await browser.post('/api/login', credentialsOf('alice')), 403, 'forbidden')
    expect(browser.cookie(COOKIE)).toBeUndefined()
    const operator = (await system.login('operator')).at(system.services.session.url)
    const { sessions } = await expectJson<{ sessions: object[] }>(
      await operator.get('/v1/sessions?tenant=acme&user=alice'),
      200,
    )
    expect(sessions).toEqual([])
  })

  it('says no more than that something is wrong', async () => {
    const wrong = { ...credentialsOf('operator'), password: 'not this one' }
    const browser = new BrowserClient(url)
    await expectProblem(await browser.post('/api/login', wrong), 401, 'invalid-credentials')
    expect(browser.cookie(COOKIE)).toBeUndefined()
  })

  it('is known to the gateway the next time, whatever strangers do at the same console', async () => {
    const browser = await signIn()
    const device = browser.cookie('__Host-console-device') ?? ''
    const { tenant, username, password } = credentialsOf('operator')
    const gateway = new HttpClient(system.services.gateway.url)
    const again = await gateway.post('/login', { tenant, username, password, client: 'console', device })
    const { device: renewed } = await expectJson<{ device: string }>(again, 200)
    expect(renewed.split('.')[0]).toBe(device.split('.')[0])
  })

  it('ends the session that was in the browser before', async () => {
    const browser = await signIn()
    const before = browser.cookie(COOKIE) ?? ''
    browser.csrfToken = (
      await expectJson<SignedIn>(await browser.post('/api/login', credentialsOf('operator')), 200)
    ).csrf_token
    const stolen = new HttpClient(system.services.session.url)
    const answer = await stolen.get('/v1/sessions', { authorization: `Bearer ${before}` })
    await expectProblem(answer, 401, 'unauthenticated')
    await expectJson(await browser.get('/api/session'), 200)
  })

  it.each<[string, Record<string, string>]>([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling', { 'sec-fetch-site': 'same-site' }],
    ['another origin', { 'sec-fetch-site': 'same-origin', origin: 'https://evil.example' }],
    ['nowhere', {}],
  ])('cannot be done from %s', async (_, headers) => {
    const answer = await new HttpClient(url).request('POST', '/api/login', {
      json: credentialsOf('operator'),
      headers,
    })
    await expectProblem(answer, 403, 'csrf-rejected')
    expect(answer.headers.getSetCookie()).toEqual([])
  })
})

describe('a session', () => {
  it('does as the operator what the operator API allows, and nothing without its cookie', async () => {
    const browser = await signIn()
    await expectJson(await browser.post('/api/v1/revocations', endAll), 200)
    await expectJson(await browser.get('/api/v1/verifiers'), 200)
    await expectProblem(await new BrowserClient(url).get('/api/v1/verifiers'), 401, 'unauthenticated')
  })

  it('changes nothing without its own anti-forgery value', async () => {
    const [mine, other] = [await signIn(), await signIn()]
    const good = mine.csrfToken
    for (const value of [undefined, '', 'x', other.csrfToken, `${good}x`]) {
      mine.csrfToken = value
      await expectProblem(await mine.post('/api/v1/revocations', endAll), 403, 'csrf-rejected')
      await expectProblem(await mine.post('/api/logout'), 403, 'csrf-rejected')
      await expectProblem(await mine.post('/api/elevate', { password: 'any' }), 403, 'csrf-rejected')
    }
    mine.csrfToken = good
    await expectJson(await mine.post('/api/v1/revocations', endAll), 200)
  })

  it('gets another secret with the password, and the value of the one before is worth nothing', async () => {
    const browser = await signIn()
    const before = { cookie: browser.cookie(COOKIE), csrf: browser.csrfToken }
    const wrong = await browser.post('/api/elevate', { password: 'not this one' })
    await expectProblem(wrong, 401, 'invalid-credentials')
    expect(wrong.headers.getSetCookie()).toEqual([])
    const { password } = system.account('operator')
    const answer = await expectJson<SignedIn>(await browser.post('/api/elevate', { password }), 200)
    expect(browser.cookie(COOKIE)).not.toBe(before.cookie)
    await expectProblem(await browser.post('/api/v1/revocations', endAll), 403, 'csrf-rejected')
    browser.csrfToken = answer.csrf_token
    await expectJson(await browser.post('/api/v1/revocations', endAll), 200)
  })

  it('is over with signing out, in the browser and everywhere', async () => {
    const browser = await signIn()
    const token = browser.cookie(COOKIE) ?? ''
    const answer = await browser.post('/api/logout')
    expect(answer.status).toBe(204)
    expect(browser.cookie(COOKIE)).toBeUndefined()
    const stolen = await new HttpClient(url).get('/api/session', {
      cookie: `${COOKIE}=${token}`,
      'sec-fetch-site': 'same-origin',
    })
    await expectProblem(stolen, 401, 'unauthenticated')
    // It may be the late answer to a page whose operator has signed in again.
    expect(stolen.headers.getSetCookie()).toEqual([])
  })

  it('keeps its cookie when it is over: by the time of the answer it may be that of another login', async () => {
    const browser = await signIn()
    const { session } = await expectJson<SignedIn>(await browser.get('/api/session'), 200)
    const operator = (await system.login('operator')).at(system.services.session.url)
    const scope = { type: 'session', session: session.id }
    await expectJson(await operator.post('/v1/revocations', { scope, reason: 'a test' }), 200)
    const dead = { cookie: `${COOKIE}=${browser.cookie(COOKIE)}`, 'sec-fetch-site': 'same-origin' }
    for (const path of ['/api/v1/sessions', '/api/session']) {
      const late = await new HttpClient(url).get(path, dead)
      await expectProblem(late, 401, 'unauthenticated')
      expect(late.headers.getSetCookie()).toEqual([])
    }
    await expectJson(await browser.post('/api/login', credentialsOf('operator')), 200)
    await expectJson(await browser.get('/api/session'), 200)
  })

  it('goes on while the gateway is gone, which is when sessions may have to be ended', async () => {
    const browser = await signIn()
    await system.services.gateway.stop()
    try {
      await expectJson(await browser.get('/api/session'), 200)
      await expectJson(await browser.post('/api/v1/revocations', endAll), 200)
      const answer = await new BrowserClient(url).post('/api/login', credentialsOf('operator'))
      await expectProblem(answer, 503, 'unavailable')
    } finally {
      await system.services.gateway.restart()
    }
  })

  it('is not chosen between two cookies of its name', async () => {
    const token = (await signIn()).cookie(COOKIE) ?? ''
    const headers = { cookie: `${COOKIE}=${token}; ${COOKIE}=${token}`, 'sec-fetch-site': 'same-origin' }
    await expectProblem(await new HttpClient(url).get('/api/session', headers), 401, 'unauthenticated')
  })

  it('shows no token in any answer that a page can read', async () => {
    const browser = await signIn()
    const secret = browser.cookie(COOKIE)?.slice(26) ?? ''
    expect(secret).toHaveLength(43)
    for (const path of [
      'session',
      'v1/sessions',
      'v1/revocations',
      'v1/verifiers',
      'v1/audit',
      'v1/limits',
    ]) {
      const answer = await browser.get(`/api/${path}`)
      expect(answer.status).toBe(200)
      const text = await answer.text()
      expect(text).not.toContain(secret)
      expect(text).not.toMatch(/cf[sr]_/)
      for (const [name, value] of answer.headers) expect(`${name}: ${value}`).not.toMatch(/cf[sr]_/)
    }
    expect(await readFile(system.logFile('console'), 'utf8')).not.toContain(secret)
  })
})

describe('the page', () => {
  it.each(['/', '/users/acme/alice', '/audit?type=claim'])(
    '%s runs its own files only and is framed by nobody',
    async (path) => {
      const answer = await new HttpClient(url).get(path, { accept: 'text/html' })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('cache-control')).toBe('no-store')
      expect(answer.headers.get('strict-transport-security')).toContain('max-age=31536000')
      expect(answer.headers.get('x-frame-options')).toBe('DENY')
      const policy = (answer.headers.get('content-security-policy') ?? '').split('; ')
      expect(policy).toEqual(
        expect.arrayContaining(["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]),
      )
      expect(policy.join()).not.toContain('unsafe')
      const html = await answer.text()
      expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|style=/)
    },
  )

  it('has files that may be kept for ever, and no others', async () => {
    const html = await (await new HttpClient(url).get('/', { accept: 'text/html' })).text()
    const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(html) ?? []
    const answer = await new HttpClient(url).get(script)
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(answer.headers.get('content-type')).toContain('text/javascript')
    await expectProblem(await new HttpClient(url).get('/assets/index.js'), 404, 'not-found')
    await expectProblem(await new HttpClient(url).get('/assets/..%2fbuilt-from'), 404, 'not-found')
  })

  it('is no answer to a program that asks for something else', async () => {
    await expectProblem(
      await new HttpClient(url).get('/nowhere', { accept: 'application/json' }),
      404,
      'not-found',
    )
    await expectProblem(
      await new HttpClient(url).get('/api/nowhere', { accept: 'text/html' }),
      404,
      'not-found',
    )
  })
})
