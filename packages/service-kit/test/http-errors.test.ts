import { Type } from '@fastify/type-provider-typebox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { Problem } from '../src/index.ts'
import { detailIn, exchange, portOf, refusalIn, request } from './raw-http.ts'
import { recordedServer } from './recorded-server.ts'

const { app, lines } = recordedServer({
  requestTimeoutMs: 300,
  answerHeaders: ({ origin = 'none' }) => ({ 'x-for': origin }),
})
let port: number

beforeAll(async () => {
  const schema = { body: Type.Unknown() }
  app.post('/things', { schema }, ({ body }) => ({ body }))
  app.get('/throws/problem', () => {
    throw new Problem('claim-mismatch', 'the claim is for another file', { headers: { 'x-extra': '1' } })
  })
  app.get('/throws/unauthenticated', () => {
    throw new Problem('unauthenticated')
  })
  app.get('/throws/error', async (_, reply) => {
    void reply.header('etag', '"1"').header('cache-control', 'public').type('text/html')
    throw new Error('the inner text')
  })
  app.get('/throws/string', () => {
    throw 'the inner text'
  })
  app.get('/throws/undefined', async () => {
    throw undefined
  })
  app.get('/throws/request-failed', () => {
    throw Object.assign(new Error('resolve: timeout'), { name: 'RequestFailed', code: 'timeout' })
  })
  app.get('/throws/redis', () => {
    throw Object.assign(new Error('get: Connection is closed.'), { code: 'REDIS_UNAVAILABLE' })
  })
  app.get('/unfit', { schema: { response: { 200: Type.Object({ count: Type.Integer() }) } } }, () => ({
    count: 'the inner text' as unknown as number,
  }))
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = portOf(app)
})

afterAll(() => app.close())

describe('what a route throws', () => {
  it('as a problem is answered as it is', async () => {
    const response = await exchange(port, request('/throws/problem'))
    expect(refusalIn(response)).toBe('claim-mismatch')
    expect(detailIn(response)).toBe('the claim is for another file')
    expect(response.headers['x-extra']).toBe('1')
  })

  it('for want of a session carries a challenge', async () => {
    const response = await exchange(port, request('/throws/unauthenticated'))
    expect(refusalIn(response)).toBe('unauthenticated')
    expect(response.headers['www-authenticate']).toBe('Bearer realm="curfew"')
  })

  it.each(['/throws/error', '/throws/string', '/throws/undefined', '/unfit'])(
    'in %s without being foreseen is answered without its text, and an error in the log',
    async (target) => {
      const response = await exchange(port, request(target))
      expect(refusalIn(response)).toBe('internal')
      expect(response.body).not.toContain('inner')
      expect(response.headers).not.toHaveProperty('etag')
      const line = lines.find((text) => text.includes(response.headers['x-request-id'] ?? '?'))
      expect(JSON.parse(line ?? '')).toMatchObject({
        level: 'error',
        event: 'http.request',
        code: 'internal',
      })
    },
  )

  it.each(['/throws/request-failed', '/throws/redis'])(
    'in %s for a lost dependency says when to come back',
    async (target) => {
      const response = await exchange(port, request(target))
      expect(refusalIn(response)).toBe('unavailable')
      expect(response.headers['retry-after']).toBe('1')
      expect(detailIn(response)).toBeUndefined()
    },
  )

  it('in answer to HEAD has no body', async () => {
    const { status, body } = await exchange(port, request('/throws/problem', { method: 'HEAD' }))
    expect(status).toBe(403)
    expect(body).toBe('')
  })
})

describe('bytes that are hardly a request', () => {
  it.each([
    [
      'headers that are too large',
      request('/hello', { headers: { x: 'x'.repeat(17_000) } }),
      'headers-too-large',
    ],
    ['another protocol', '\u0016\u0003\u0001 hello\r\n\r\n', 'bad-request'],
    [
      'two lengths of the body',
      `${request('/things', { method: 'POST', headers: { 'content-length': '3', 'transfer-encoding': 'chunked' } })}0\r\n\r\n`,
      'bad-request',
    ],
    ['a header that smuggles', 'GET /hello HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n', 'bad-request'],
    ['two hosts', 'GET /hello HTTP/1.1\r\nHost: a\r\nhOST: a\r\nConnection: close\r\n\r\n', 'bad-request'],
    ['no host', 'GET /hello HTTP/1.1\r\nConnection: close\r\n\r\n', 'bad-request'],
  ] as const)('%s', async (_, bytes, code) => {
    expect(refusalIn(await exchange(port, bytes))).toBe(code)
  })

  it('a request that does not arrive in time', async () => {
    const bytes =
      'POST /things HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{'
    expect(refusalIn(await exchange(port, bytes))).toBe('request-timeout')
  })

  it('an expectation that nobody knows is passed over', async () => {
    const { status } = await exchange(port, request('/hello', { headers: { expect: 'tea' } }))
    expect(status).toBe(200)
  })

  it.each([
    ['gzip', 'bad-request'],
    ['chunked, gzip', 'bad-request'],
    ['gzip, chunked', 'not-implemented'],
  ] as const)(
    'a transfer coding %s is refused once, and nothing that follows is a request any more',
    async (coding, code) => {
      const followed = lines.length
      const headers = { 'transfer-encoding': coding, connection: 'keep-alive' }
      const refused = request('/things', { method: 'POST', headers })
      const next = request('/throws/error')
      const response = await exchange(port, `${refused}0\r\n\r\n${next}`)
      expect(refusalIn(response)).toBe(code)
      expect(lines.slice(followed).join('')).not.toContain('/throws/error')
    },
  )

  it('headers that are too large on a connection that has served before', async () => {
    const first = request('/hello', { headers: { connection: 'keep-alive' } })
    const second = request('/hello', { headers: { x: 'x'.repeat(17_000) } })
    const socketText = await exchange(port, first + second)
    expect(socketText.body).toContain('"code":"headers-too-large"')
  })
})

it.each([
  ['GET', '/nope', 404],
  ['PUT', '/things', 405],
  ['GET', '/%zz', 400],
  ['POST', '/things', 415],
  ['GET', '/throws/error', 500],
  ['GET', '/hello', 200],
])('an answer to %s %s carries the headers that all answers carry', async (method, target, status) => {
  const headers = { origin: 'https://app.example', 'content-type': 'text/x' }
  const response = await exchange(port, request(target, { method, headers }))
  expect(response.status).toBe(status)
  expect(response.headers['x-for']).toBe('https://app.example')
  expect(response.headers['cache-control']).toBe('no-store')
})

describe('a request id', () => {
  it.each(['r-1', 'A.b_9-'.repeat(10)])('%s of the caller is kept', async (id) => {
    const { headers, body } = await exchange(port, request('/nope', { headers: { 'x-request-id': id } }))
    expect(headers['x-request-id']).toBe(id)
    expect(JSON.parse(body)).toMatchObject({ request_id: id })
  })

  it.each(['', 'a b', 'a"b', 'é', '<script>', 'a'.repeat(65), 'a,b'])(
    '%j of the caller is replaced',
    async (id) => {
      const { headers } = await exchange(port, request('/nope', { headers: { 'x-request-id': id } }))
      expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    },
  )

  it('is given to answers that are no problem as well', async () => {
    const { headers } = await exchange(port, request('/hello'))
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
  })
})
