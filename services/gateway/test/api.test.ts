import type { Audience } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { expectJson, expectProblem, type BearerClient, type BrowserClient } from '@curfew/test-kit'
import { createVerifier } from '@curfew/verifier'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { COOKIE, startGatewaySystem, type GatewaySystem } from './gateway-system.ts'
import type { Arrival } from './recording-upstream.ts'
import { rawRequest } from './raw-request.ts'

let system: GatewaySystem
let program: BearerClient
let browser: BrowserClient

beforeAll(async () => {
  system = await startGatewaySystem()
  program = await system.loginAsProgram('alice')
  browser = await system.loginAsBrowser('alice')
})
afterAll(() => system.stop())
beforeEach(() => {
  system.upstream.behave(undefined)
  system.upstream.arrivals.length = 0
})

function onlyArrival(): Arrival {
  const [arrival, ...more] = system.upstream.arrivals
  expect(more).toEqual([])
  if (arrival === undefined) throw new Error('nothing arrived')
  return arrival
}

describe('a request to a service', () => {
  it('arrives under its own path with a relay token that opens this service', async () => {
    await expectJson(
      await program.get('/api/documents/42?full=1&q=a%2Fb', { 'x-request-id': 'from-client' }),
      200,
    )
    const { method, url, headers } = onlyArrival()
    expect([method, url]).toEqual(['GET', '/documents/42?full=1&q=a%2Fb'])
    expect(headers['x-request-id']).toBe('from-client')
    expect(headers['x-forwarded-host']).toBe(new URL(system.url).host)
    expect(headers['x-forwarded-for']).toBe('127.0.0.1')
    expect(headers.host).toBe(new URL(system.upstream.origin).host)

    const nc = await connectMessaging({ url: system.servers.natsUrl('documents'), name: 'test-documents' })
    const logger = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const verifier = await createVerifier({ nc, audience: 'documents' as Audience, logger })
    const relayToken = (headers.authorization ?? '').slice('Bearer '.length)
    expect(await verifier.check(relayToken)).toMatchObject({ kind: 'admitted', session: { user: 'alice' } })
    await program.get('/session')
    expect(
      (await fetch(`${system.url}/session`, { headers: { authorization: `Bearer ${relayToken}` } })).status,
    ).toBe(401)
    await verifier.close()
    await nc.close()
  })

  it.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'may have the method %s',
    async (method) => {
      const response = await program.request(method, '/api/documents')
      expect(response.status).toBe(200)
      expect(onlyArrival()).toMatchObject({ method, url: '/documents' })
    },
  )

  it('may not have a method that shows what the gateway adds', async () => {
    const lines = ['TRACE /api/documents/1 HTTP/1.1', 'Host: x', 'Connection: close']
    const { status } = await rawRequest(system.url, [...lines, `Authorization: Bearer ${program.token}`])
    expect([404, 405]).toContain(status)
    expect(system.upstream.arrivals).toEqual([])
  })

  it('carries nothing with which a client could pass for somebody', async () => {
    const lines = [
      'GET /api/documents/1 HTTP/1.1',
      'Host: app.example',
      'Connection: close, Authorization, X-Request-Id, X-Forwarded-For, X-Private',
      `Authorization: Bearer ${program.token}`,
      'Cookie: other=1; theme=dark',
      'X-Session-User: root',
      'X-Session-Roles: admin',
      'x_session_user: root',
      'X-Curfew-Subject: acme/root',
      'X-Forwarded-For: 203.0.113.9',
      'X-Forwarded-User: root',
      'Forwarded: for=203.0.113.9',
      'X-Real-IP: 203.0.113.9',
      'X-User-Id: root',
      'Remote-User: root',
      'X-CSRF-Token: x',
      'X-Original-URL: /documents/secret',
      'X-HTTP-Method-Override: DELETE',
      'Proxy-Authorization: Basic cm9vdDpyb290',
      'Proxy-Connection: keep-alive',
      'Keep-Alive: timeout=9',
      'TE: trailers',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
      'X-Private: dropped',
      'X-Api-Key: root',
      'Accept-Language: de',
      'Accept: text/plain',
    ]
    expect((await rawRequest(system.url, lines)).status).toBe(200)
    const { headers } = onlyArrival()
    expect(Object.keys(headers).toSorted()).toEqual(
      [
        'accept',
        'accept-language',
        'authorization',
        'connection',
        'host',
        'x-forwarded-for',
        'x-forwarded-host',
        'x-forwarded-prefix',
        'x-forwarded-proto',
        'x-request-id',
      ].toSorted(),
    )
    expect(headers.authorization).toMatch(/^Bearer cfr_/)
    expect(headers['x-forwarded-for']).toBe('127.0.0.1')
    expect(JSON.stringify(headers)).not.toContain('root')
    expect(JSON.stringify(headers)).not.toContain(program.token.slice(26))
  })

  it.each([
    ['nobody', {}],
    ['a relay token', { authorization: `Bearer cfr_${'A'.repeat(65)}` }],
    ['an identity that it claims', { 'x-session-user': 'root', 'x-curfew-session': 'x' }],
    ['basic credentials', { authorization: 'Basic cm9vdDpyb290' }],
  ])('does not arrive from %s', async (_, headers) => {
    await expectProblem(await fetch(`${system.url}/api/documents/1`, { headers }), 401, 'unauthenticated')
    expect(system.upstream.arrivals).toEqual([])
  })

  it('does not arrive with both credentials', async () => {
    const response = await program.get('/api/documents/1', { cookie: `${COOKIE}=x` })
    await expectProblem(response, 400, 'ambiguous-credentials')
    expect(system.upstream.arrivals).toEqual([])
  })

  it.each([
    '/api/nothing/1',
    '/api/gateway/1',
    '/api/',
    '/api',
    '/api/Documents/1',
    '/api/documentsx/1',
    '/api/constructor/1',
  ])('to no known service is 404: %s', async (path) => {
    await expectProblem(await program.get(path), 404, 'not-found')
    expect(system.upstream.arrivals).toEqual([])
  })

  it.each([
    '/api/documents/../down/1',
    '/api/documents/%2e%2e/down/1',
    '/api/documents/..%2fdown/1',
    '/api/documents/%252e%252e/x',
    '/api/documents//down/1',
    '/api//documents/1',
    '//api/documents/1',
    '/api/down/../documents/1',
    '/api/documents\\..\\down',
    '/api/documents/..;/down',
    '/api/%64ocuments/1',
    '/%61pi/documents/1',
    '/api/documents%2f1',
    '/api/documents/%00',
    '/api/documents/a#b',
    '/api/documents/\x7f',
    '/api/documents/é',
    'http://down.example/../api/documents/1',
    '/api/documents/1?a=\x01',
  ])('does not arrive anywhere by the path %j', async (target) => {
    const lines = [
      `GET ${target} HTTP/1.1`,
      'Host: x',
      'Connection: close',
      `Authorization: Bearer ${program.token}`,
    ]
    const { status } = await rawRequest(system.url, lines)
    expect([400, 404]).toContain(status)
    expect(system.upstream.arrivals).toEqual([])
  })

  it('may have a long path, up to what headers may have', async () => {
    const id = 'x'.repeat(8_000)
    expect((await program.get(`/api/documents/${id}`)).status).toBe(200)
    expect(onlyArrival().url).toBe(`/documents/${id}`)
  })

  it.each<[string, readonly string[]]>([
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['chunks in disguise', ['Transfer-Encoding: xchunked']],
    ['chunks twice', ['Transfer-Encoding: chunked, chunked', 'Transfer-Encoding: identity']],
    ['a length that is none', ['Content-Length: 5x']],
    ['a folded header', ['X-A: b', ' Authorization: Bearer x']],
    ['a space before the colon', ['Content-Length : 5']],
  ])('does not arrive with %s', async (_, framing) => {
    const lines = ['POST /api/documents HTTP/1.1', 'Host: x', 'Connection: close', ...framing]
    const smuggled = '0\r\n\r\nGET /api/documents/smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
    const { status } = await rawRequest(
      system.url,
      [...lines, `Authorization: Bearer ${program.token}`],
      smuggled,
    )
    // RFC 9112 §6.1: 501 for a transfer coding that the server does not know; or 400, because Node refuses it first.
    expect([400, 501]).toContain(status)
    expect(system.upstream.arrivals.filter(({ url }) => url.includes('smuggled'))).toEqual([])
  })

  it('to become a WebSocket is refused clearly', async () => {
    const { status, text } = await rawRequest(system.url, [
      'GET /api/documents/1 HTTP/1.1',
      'Host: x',
      'Connection: Upgrade',
      'Upgrade: WebSocket',
      `Authorization: Bearer ${program.token}`,
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Connection: close',
    ])
    expect(status).toBe(400)
    expect(text).toContain('WebSocket')
    expect(system.upstream.arrivals).toEqual([])
  })
})

describe('a browser’s request that changes something', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('arrives with the anti-forgery value: %s', async (method) => {
    expect((await browser.request(method, '/api/documents/1', { json: {} })).status).toBe(200)
    expect(onlyArrival().method).toBe(method)
  })

  it.each<[string, Record<string, string>]>([
    ['no value', {}],
    ['a made-up value', { 'x-csrf-token': 'A'.repeat(65) }],
    ['the value twice', { 'x-csrf-token': 'twice' }],
    ['a foreign page', { 'x-csrf-token': 'good', 'sec-fetch-site': 'cross-site' }],
    ['a sibling site', { 'x-csrf-token': 'good', 'sec-fetch-site': 'same-site' }],
    ['a foreign origin', { 'x-csrf-token': 'good', origin: 'https://evil.example' }],
    ['another port', { 'x-csrf-token': 'good', origin: 'http://127.0.0.1:1' }],
    ['a foreign referrer', { 'x-csrf-token': 'good', referer: 'https://evil.example/' }],
  ])('does not arrive with %s', async (_, given) => {
    const good = browser.csrfToken ?? ''
    const value = { good, twice: `${good}, ${good}` }[given['x-csrf-token'] ?? '']
    const headers = { ...given, ...(value !== undefined && { 'x-csrf-token': value }) }
    const cookie = `${COOKIE}=${browser.cookie(COOKIE)}`
    const response = await fetch(`${system.url}/api/documents/1`, {
      method: 'DELETE',
      headers: { cookie, ...headers },
    })
    await expectProblem(response, 403, 'csrf-rejected')
    expect(system.upstream.arrivals).toEqual([])
  })

  it('needs none for reading, also when a link from elsewhere led there', async () => {
    const headers = { cookie: `${COOKIE}=${browser.cookie(COOKIE)}`, 'sec-fetch-site': 'cross-site' }
    expect((await fetch(`${system.url}/api/documents/1`, { headers })).status).toBe(200)
  })

  it('is a program’s own affair where there is no cookie', async () => {
    const headers = { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' }
    expect((await program.request('DELETE', '/api/documents/1', { headers })).status).toBe(200)
  })
})
