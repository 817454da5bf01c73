/**
 * What of a call reaches the operator API, and what of its answer the page. The API is scripted here, so that it can misbehave.
 */
import { once } from 'node:events'
import {
  createServer,
  request as send,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createLogger } from '@curfew/service-kit'
import { expectProblem } from '@curfew/test-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { composeConsole, type Console } from '../src/compose.ts'
import { readConfig } from '../src/config.ts'
import { issueCsrfValue } from '../src/domain/page-csrf.ts'

const TOKEN = `cfs_${'a'.repeat(22)}${'b'.repeat(43)}`

let directory: string
let api: Server
let running: Console
let url: string
let received: IncomingMessage[]
let behave: (request: IncomingMessage, response: ServerResponse) => void

beforeAll(async () => {
  api = createServer((request, response) => {
    received.push(request)
    behave(request, response)
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
  directory = await mkdtemp(join(tmpdir(), 'curfew-console-'))
  await mkdir(join(directory, 'assets'))
  await writeFile(join(directory, 'index.html'), '<!doctype html>')
  const origin = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  const env = {
    CONSOLE_OPERATIONS_PORT: '0',
    CONSOLE_SESSION_URL: origin,
    CONSOLE_GATEWAY_URL: origin,
    CONSOLE_PAGE_DIRECTORY: directory,
  }
  running = await composeConsole(readConfig(env), createLogger({ service: 'console', level: 'error' }))
  url = await running.app.listen({ port: 0 })
})
beforeEach(() => {
  received = []
  behave = (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
})
afterAll(async () => {
  await running.close()
  api.closeAllConnections()
  api.close()
  await rm(directory, { recursive: true })
})

function ask(method: string, path: string, extras: { body?: string; headers?: Record<string, string> } = {}) {
  return fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      cookie: `__Host-console=${TOKEN}`,
      'sec-fetch-site': 'same-origin',
      'x-csrf-token': issueCsrfValue(TOKEN) ?? '',
      ...(extras.body !== undefined && { 'content-type': 'application/json' }),
      ...extras.headers,
    },
    ...(extras.body !== undefined && { body: extras.body }),
  })
}

describe('a call', () => {
  it('arrives as the operator, with what belongs to it and nothing else', async () => {
    const headers = {
      'if-match': '"1"',
      'idempotency-key': 'k',
      authorization: 'Bearer someone-else',
      'x-forwarded-for': '10.0.0.1',
      'x-session-user': 'root',
    }
    await ask('PUT', '/api/v1/subjects/acme/alice/grants?a=%26b', { headers, body: '{"roles":[]}' })
    const [request] = received
    expect(request?.method).toBe('PUT')
    expect(request?.url).toBe('/v1/subjects/acme/alice/grants?a=%26b')
    expect(request?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'if-match': '"1"',
      'idempotency-key': 'k',
    })
    for (const name of ['cookie', 'x-csrf-token', 'x-forwarded-for', 'x-session-user', 'sec-fetch-site'])
      expect(request?.headers).not.toHaveProperty(name)
  })

  it.each([
    ['POST', '/api/v1/sessions'],
    ['POST', '/api/introspect'],
    ['POST', '/api/revoke'],
    ['POST', '/api/v1/introspect'],
    ['GET', '/api/metrics'],
    ['GET', '/api/v1/../metrics'],
    ['GET', '/api/v1/sessions/..'],
    ['GET', '/api/v1/sessions/%2e%2e'],
    ['GET', '/api/v1/subjects/%2e%2e/%2e/grants'],
    ['GET', '/api//v1/sessions'],
    ['DELETE', '/api/v1/sessions/x'],
    ['GET', '/api/http://example.com/'],
  ])("that is no operator's does not arrive: %s %s", async (method, path) => {
    // As it is: `fetch` would tidy the path up.
    const { hostname, port } = new URL(url)
    const sent = send({
      hostname,
      port,
      method,
      path,
      headers: {
        cookie: `__Host-console=${TOKEN}`,
        'sec-fetch-site': 'same-origin',
        'x-csrf-token': issueCsrfValue(TOKEN) ?? '',
        connection: 'close',
      },
    }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    response.resume()
    expect([400, 404, 405]).toContain(response.statusCode)
    expect(received).toEqual([])
  })

  it.each([
    ['POST', '/users/acme', 'GET, HEAD'],
    ['OPTIONS', '/', 'GET, HEAD'],
    ['DELETE', '/api/v1/sessions', 'GET'],
  ])('by a method that the path does not have is 405: %s %s', async (method, path, allowed) => {
    const headers = { origin: url, 'access-control-request-method': 'POST' }
    const response = await fetch(`${url}${path}`, { method, headers })
    await expectProblem(response, 405, 'method-not-allowed')
    expect(response.headers.get('allow')).toBe(allowed)
  })

  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'of a path that the API does not have is 404: %s',
    async (method) => {
      for (const path of ['/api/nowhere', '/api/v1/nowhere', '/api/'])
        await expectProblem(await fetch(url + path, { method }), 404, 'not-found')
    },
  )

  it('keeps what is encoded in a name encoded', async () => {
    await ask('GET', '/api/v1/subjects/acme/a%2F..%2Fb%3Fc/grants')
    expect(received[0]?.url).toBe('/v1/subjects/acme/a%2F..%2Fb%3Fc/grants')
  })

  it.each(['application/json', 'text/plain', 'a b'])(
    'that takes no body does not fail on its type: %s',
    async (type) => {
      const path = '/api/v1/revocations/rev_AAAAAAAAAAAAAAAAAAAAAA/approve'
      await ask('POST', path, { body: 'x', headers: { 'content-type': type } })
      expect(received).toMatchObject([{ method: 'POST', url: path.slice('/api'.length) }])
      expect(received[0]?.headers).toMatchObject({ 'content-length': '0' })
      expect(received[0]?.headers).not.toHaveProperty('content-type')
    },
  )

  it('with a body that is compressed does not arrive', async () => {
    const headers = { 'content-encoding': 'gzip' }
    const answer = await ask('POST', '/api/v1/revocations', { body: '{}', headers })
    await expectProblem(answer, 415, 'unsupported-media-type')
    expect(received).toEqual([])
  })

  it('with a body that is no JSON, or too large, does not arrive', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await ask('POST', '/api/v1/revocations', { body: 'a=b', headers: form })
    await expectProblem(answer, 415, 'unsupported-media-type')
    const large = await ask('POST', '/api/v1/revocations', { body: `"${'x'.repeat(70_000)}"` })
    await expectProblem(large, 413, 'payload-too-large')
    expect(received).toEqual([])
  })
})

describe('an answer', () => {
  it('passes with its status and what a page needs, and sets nothing at this origin', async () => {
    behave = (_request, response) =>
      response
        .writeHead(412, {
          'content-type': 'application/problem+json',
          etag: '"2"',
          'set-cookie': '__Host-console=evil; Path=/; Secure',
          'access-control-allow-origin': '*',
          'content-security-policy': 'default-src *',
        })
        .end('{"code":"precondition-failed"}')
    const answer = await ask('GET', '/api/v1/subjects/acme/alice/grants')
    expect(answer.status).toBe(412)
    expect(answer.headers.get('etag')).toBe('"2"')
    expect(answer.headers.getSetCookie()).toEqual([])
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await answer.json()).toEqual({ code: 'precondition-failed' })
  })

  it('that refuses leaves the cookie alone, which may be that of a login since', async () => {
    behave = (_request, response) =>
      response
        .writeHead(401, {
          'www-authenticate': 'Bearer realm="curfew", error="insufficient_user_authentication"',
        })
        .end()
    expect((await ask('GET', '/api/v1/sessions')).headers.getSetCookie()).toEqual([])
    behave = (_request, response) =>
      response.writeHead(401, { 'www-authenticate': 'Bearer realm="curfew", error="invalid_token"' }).end()
    expect((await ask('GET', '/api/v1/sessions')).headers.getSetCookie()).toEqual([])
  })

  it('that comes event by event passes event by event, and is given up with the page', async () => {
    const closed = Promise.withResolvers<void>()
    behave = (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      request.socket.once('close', () => closed.resolve())
    }
    const leave = new AbortController()
    const answer = await fetch(`${url}/api/v1/events`, {
      headers: { cookie: `__Host-console=${TOKEN}`, 'sec-fetch-site': 'same-origin' },
      signal: leave.signal,
    })
    const first = await answer.body?.getReader().read()
    expect(new TextDecoder().decode(first?.value as Uint8Array)).toBe('data: 1\n\n')
    leave.abort()
    await closed.promise
  })

  it('that does not come is 503, without a word about what is behind', async () => {
    behave = (request) => request.socket.destroy()
    const answer = await ask('GET', '/api/v1/sessions')
    const text = await answer.clone().text()
    await expectProblem(answer, 503, 'unavailable')
    expect(answer.headers.has('retry-after')).toBe(true)
    expect(text).not.toMatch(/127\.0\.0\.1|ECONN|UND_ERR/)
  })
})

describe('the settings', () => {
  it.each([
    ['CONSOLE_GATEWAY_URL', 'http://127.0.0.1:8080/path'],
    ['CONSOLE_SESSION_URL', 'not a url'],
    ['CONSOLE_SESSION_URL', 'ftp://127.0.0.1'],
    ['CONSOLE_COOKIE_NAME', 'console'],
    ['CONSOLE_TRUSTED_PROXIES', '10.0.0'],
    ['CONSOLE_UNKNOWN', 'x'],
  ])('refuse %s=%s and name it', (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(name)
  })
})
