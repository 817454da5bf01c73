/**
 * ① ② ③ Signing in, being recognised and being refused, as a program and as a browser.
 */
import {
  BearerClient,
  HttpClient,
  expectJson,
  expectProblem,
  startTestSystem,
  type TestSystem,
} from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createDocument } from './documents.ts'

let system: TestSystem
let gateway: string

beforeAll(async () => {
  system = await startTestSystem()
  gateway = system.services.gateway.url
})
afterAll(async () => system[Symbol.asyncDispose]())

interface SessionBody {
  readonly session: {
    readonly id: string
    readonly user: string
    readonly roles: string[]
    readonly permissions: string[]
  }
}

describe('a program', () => {
  it('logs in, is told who it is, reads and writes what its roles allow', async () => {
    const alice = await system.login('alice')
    expect(alice.token).toMatch(/^cfs_[A-Za-z0-9_-]{65}$/)
    const { session } = await expectJson<SessionBody>(await alice.get('/session'), 200)
    expect(session).toMatchObject({ tenant: 'acme', user: 'alice', client: 'api', roles: ['editor'] })
    expect(session.permissions).toContain('documents:write')
    const { document } = await createDocument(alice)
    await expectJson(await alice.get(`/api/documents/${document.id}`), 200)
  })

  it('is told 403, with the reason, what its roles do not allow', async () => {
    const bob = await system.login('bob')
    await expectJson(await bob.get('/api/documents'), 200)
    await expectProblem(
      await bob.post('/api/documents', { name: 'x', content_type: 'text/plain' }),
      403,
      'forbidden',
    )
  })

  it('finds nothing of another tenant, and is not told that there is something', async () => {
    const { document } = await createDocument(await system.login('alice'))
    const carol = await system.login('carol')
    await expectProblem(await carol.get(`/api/documents/${document.id}`), 404, 'not-found')
    await expectProblem(await carol.delete(`/api/documents/${document.id}`), 404, 'not-found')
    const { documents } = await expectJson<{ documents: unknown[] }>(await carol.get('/api/documents'), 200)
    expect(documents).toEqual([])
  })

  it('logs out, and its token is worth nothing from then on, everywhere', async () => {
    const alice = await system.login('alice')
    expect((await alice.post('/logout')).status).toBe(204)
    await expectProblem(await alice.get('/session'), 401, 'unauthenticated')
    await expectProblem(await alice.get('/api/documents'), 401, 'unauthenticated')
  })
})

describe('a browser', () => {
  it('gets a cookie that scripts, other sites and plain connections do not get, and no token', async () => {
    const { tenant, password } = system.account('alice')
    const response = await new HttpClient(gateway).post('/login', { tenant, username: 'alice', password })
    expect(response.headers.get('cache-control')).toBe('no-store')
    const [cookie = '', ...further] = response.headers.getSetCookie()
    // The other one remembers the device, opens nothing and goes by the same rules.
    expect(further.map((one) => one.replace(/=[^;]+/, ''))).toEqual([
      '__Host-device; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000',
    ])
    expect(cookie).toMatch(/^__Host-session=cfs_[A-Za-z0-9_-]{65}; /)
    expect(cookie.split('; ').slice(1).toSorted()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Lax', 'Secure'])
    const body = await expectJson<Record<string, unknown>>(response, 200)
    expect(Object.keys(body).toSorted()).toEqual(['csrf_token', 'session'])
    expect(JSON.stringify(body)).not.toContain('cfs_')
  })

  it('reads with its cookie, writes only with its CSRF token, and logs out for good', async () => {
    const browser = await system.openBrowser('alice')
    await expectJson(await browser.get('/api/documents'), 200)
    await createDocument(browser)

    const { csrfToken } = browser
    browser.csrfToken = undefined
    await expectProblem(
      await browser.post('/api/documents', { name: 'x', content_type: 'text/plain' }),
      403,
      'csrf-rejected',
    )
    browser.csrfToken = csrfToken

    const cookie = browser.cookie('__Host-session') ?? ''
    expect((await browser.post('/logout')).status).toBe(204)
    expect(browser.cookie('__Host-session')).toBeUndefined()
    await expectProblem(await new BearerClient(gateway, cookie).get('/session'), 401, 'unauthenticated')
  })
})

describe('whoever is not let in', () => {
  it.each([
    ['a wrong password', { tenant: 'acme', username: 'alice', password: 'wrong' }],
    ['an unknown user', { tenant: 'acme', username: 'mallory', password: 'wrong' }],
    ['an unknown tenant', { tenant: 'nowhere', username: 'alice', password: 'wrong' }],
  ])('hears the same for %s', async (_, credentials) => {
    const problem = await expectProblem(
      await new HttpClient(gateway).post('/login', credentials),
      401,
      'invalid-credentials',
    )
    expect(problem.detail).toBeUndefined()
  })

  it('hears the same for every token that is not good, and nobody is called an impostor', async () => {
    const alice = await system.login('alice')
    const ended = await system.login('alice')
    await ended.post('/logout')
    const otherSecret = alice.token.slice(0, 26) + ended.token.slice(26)
    const bodies = new Set<string>()
    for (const token of [
      ended.token,
      otherSecret,
      'cfs_' + 'A'.repeat(65),
      'garbage',
      'cfr_' + alice.token.slice(4),
    ]) {
      const response = await new BearerClient(gateway, token).get('/api/documents')
      const { request_id: _, ...rest } = await expectProblem(response, 401, 'unauthenticated')
      bodies.add(JSON.stringify([rest, response.headers.get('www-authenticate')]))
    }
    expect(bodies.size).toBe(1)
    await expectJson(await alice.get('/session'), 200)
  })

  it('is asked to choose when it sends a cookie and a bearer token', async () => {
    const alice = await system.login('alice')
    const response = await alice.get('/session', { cookie: `__Host-session=${alice.token}` })
    await expectProblem(response, 400, 'ambiguous-credentials')
  })

  it('cannot use the token of the outside inside, nor reach the documents service as somebody else', async () => {
    const alice = await system.login('alice')
    await expectProblem(
      await alice.at(system.services.documents.url).get('/documents'),
      401,
      'unauthenticated',
    )
    const bob = await system.login('bob')
    const forged = {
      'x-session-user': 'alice',
      'x-curfew-permissions': 'documents:write',
      connection: 'authorization',
    }
    const response = await bob.request('POST', '/api/documents', {
      json: { name: 'x', content_type: 'text/plain' },
      headers: {
        'x-session-user': forged['x-session-user'],
        'x-curfew-permissions': forged['x-curfew-permissions'],
      },
    })
    await expectProblem(response, 403, 'forbidden')
  })
})
