/**
 * ① ④ ⑦ What nobody should send: answered with a clear 4xx, never a 5xx, and nothing half-written.
 */
import { request as httpRequest } from 'node:http'

import {
  HttpClient,
  expectJson,
  expectProblem,
  startTestSystem,
  type BearerClient,
  type TestSystem,
} from '@curfew/test-kit'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let system: TestSystem
let alice: BearerClient
let operator: BearerClient

beforeAll(async () => {
  system = await startTestSystem()
  alice = await system.login('alice')
  operator = (await system.login('operator')).at(system.services.session.url)
})
afterAll(async () => system[Symbol.asyncDispose]())

const ODD_IDS = [
  'a.b*',
  '*',
  '>',
  'a b',
  'ålice',
  '😀',
  '..',
  '.',
  'a\u0000b',
  'a'.repeat(200),
  'acme.>',
  '%2e%2e',
  "'; DROP",
  '',
]

function expectRefusal(status: number, what: string): void {
  expect(status, what).toBeGreaterThanOrEqual(400)
  expect(status, what).toBeLessThan(500)
}

describe('odd ids', () => {
  it.each(ODD_IDS)('%j as tenant, client or session is refused and touches nobody', async (id) => {
    for (const scope of [
      { type: 'user', tenant: id, user: 'alice' },
      { type: 'tenant', tenant: id },
      { type: 'client', client: id },
      { type: 'session', session: id },
    ]) {
      const response = await operator.post('/v1/revocations', { scope, reason: 'odd' })
      await expectProblem(response, 400, 'bad-request')
    }
    expect((await alice.get('/session')).status).toBe(200)
  })

  it.each(['', '.', '..', 'x/../alice', ' alice', 'alice\n', 'a\0b', 'alice\u200b', 'a'.repeat(256)])(
    '%j as a user is refused and touches nobody',
    async (user) => {
      const scope = { type: 'user', tenant: 'acme', user }
      const response = await operator.post('/v1/revocations', { scope, reason: 'odd' })
      await expectProblem(response, 400, 'bad-request')
      expect((await alice.get('/session')).status).toBe(200)
    },
  )

  it.each(ODD_IDS.filter((id) => id !== ''))('%j in a path is refused', async (id) => {
    const path = encodeURIComponent(id)
    expectRefusal((await operator.get(`/v1/subjects/acme/${path}/grants`)).status, 'grants')
    expectRefusal((await operator.get(`/v1/sessions/${path}`)).status, 'session')
    expectRefusal((await alice.get(`/api/documents/${path}`)).status, 'document')
    expectRefusal((await new HttpClient(system.services.files.url).get(`/files/${path}`)).status, 'file')
  })
})

describe('bodies', () => {
  const login = (extras: object): Promise<Response> =>
    new HttpClient(system.services.gateway.url).request('POST', '/login', extras)

  it('with a member that nobody knows are refused by its name', async () => {
    const { tenant, password } = system.account('alice')
    const response = await login({ json: { tenant, username: 'alice', password, admin: true } })
    expect((await expectProblem(response, 400, 'bad-request')).detail).toContain('admin')
  })

  it.each([
    ['that are not JSON', { body: '{"username":', headers: { 'content-type': 'application/json' } }, 400],
    ['that are empty', { body: '', headers: { 'content-type': 'application/json' } }, 400],
    ['of another type', { body: '<login/>', headers: { 'content-type': 'text/xml' } }, 415],
    ['that are a list', { json: [1, 2, 3] }, 400],
    ['with numbers for names', { json: { username: 1, password: 2 } }, 400],
    ['that are too large', { json: { username: 'alice', password: 'x'.repeat(2_000_000) } }, 413],
  ])('%s are refused', async (_, extras, status) => {
    const response = await login(extras)
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toContain('application/problem+json')
  })

  it('with a prototype for a name do nothing', async () => {
    expectRefusal(
      (
        await login({
          body: '{"__proto__":{"admin":true},"username":"a","password":"b"}',
          headers: { 'content-type': 'application/json' },
        })
      ).status,
      '__proto__',
    )
  })
})

describe('headers', () => {
  it('that are too large are refused with a problem, not with a broken connection', async () => {
    const url = new URL('/session', system.services.gateway.url)
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest(url, { headers: { authorization: `Bearer ${'A'.repeat(100_000)}` } })
      request.on('response', (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      request.on('error', reject)
      request.end()
    })
    expect(status).toBe(431)
  })

  it('with any token at all are answered with a verdict', async () => {
    const gateway = new HttpClient(system.services.gateway.url)
    const printable = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCodePoint(code)),
      maxLength: 200,
    })
    const almost = fc
      .tuple(fc.constantFrom('cfs_', 'cfr_', 'CFS_', ''), printable)
      .map(([prefix, rest]) => (prefix + rest).slice(0, 69))
    await fc.assert(
      fc.asyncProperty(fc.oneof(printable, almost), async (token) => {
        const response = await gateway.get('/api/documents', { authorization: `Bearer ${token}` })
        await response.arrayBuffer()
        expect(response.status).toBe(401)
      }),
      { numRuns: 150 },
    )
  })
})

describe('paths', () => {
  it.each([
    '/api/',
    '/api/unknown/x',
    '/api/documents/../../v1/sessions',
    '/api/..%2f..%2fv1/sessions',
    '/api/%zz',
    '//evil.example/',
    '/nothing',
  ])('%s leads nowhere', async (path) =>
    expectRefusal(
      (
        await fetch(system.services.gateway.url + path, {
          headers: { authorization: `Bearer ${alice.token}` },
        })
      ).status,
      path,
    ),
  )
})

describe('documents that make no sense', () => {
  it.each([
    ['without a name', { content_type: 'text/plain' }],
    ['with an empty name', { name: '', content_type: 'text/plain' }],
    ['with a path for a name', { name: '../../etc/passwd', content_type: 'text/plain' }],
    ['with a line break in the name', { name: 'a\r\nSet-Cookie: x=y', content_type: 'text/plain' }],
    ['with an odd type', { name: 'a', content_type: 'text/plain\r\nX: y' }],
    ['of negative size', { name: 'a', content_type: 'text/plain', size: -1 }],
    ['of half a byte', { name: 'a', content_type: 'text/plain', size: 0.5 }],
    ['with a digest of another kind', { name: 'a', content_type: 'text/plain', digest: 'md5=:abc:' }],
  ])('%s are not created', async (_, body) => {
    await expectProblem(await alice.post('/api/documents', body), 400, 'bad-request')
    const { documents } = await expectJson<{ documents: unknown[] }>(await alice.get('/api/documents'), 200)
    expect(documents).toEqual([])
  })
})
