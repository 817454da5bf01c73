import { once } from 'node:events'
import { connect } from 'node:net'

import { currentRequestId } from '@curfew/contracts'
import { Type } from '@fastify/type-provider-typebox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { connectionsOf, detailIn, exchange, open, portOf, readToEnd, refusalIn, request } from './raw-http.ts'
import { recordedServer } from './recorded-server.ts'

const { app } = recordedServer()
let port: number
/** Answers `/held/:id`. */
const held = new Map<string, () => void>()

const Body = Type.Object(
  { name: Type.String({ maxLength: 64 }), size: Type.Optional(Type.Integer()) },
  { additionalProperties: false },
)

beforeAll(async () => {
  const Query = Type.Object({
    limit: Type.Integer({ default: 20, maximum: 100 }),
    all: Type.Optional(Type.Boolean()),
  })
  app.post('/things/:id', { schema: { body: Body, querystring: Query } }, ({ body, query, params }) => ({
    body,
    query,
    params,
  }))
  app.get('/host', ({ host }) => ({ host }))
  app.post('/whose', { schema: { body: Type.Object({}, { additionalProperties: true }) } }, async () => {
    await new Promise(setImmediate)
    return { whose: currentRequestId() }
  })
  app.post('/nothing', ({ body }) => ({ body: body ?? null }))
  app.get('/held/:id', async ({ params }) => {
    const { id } = params as { id: string }
    const { promise, resolve } = Promise.withResolvers<void>()
    held.set(id, resolve)
    await promise
    return { id }
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  port = portOf(app)
})

afterAll(() => app.close())

const post = (body: string, headers: Record<string, string> = {}, target = '/things/1'): string =>
  request(target, { method: 'POST', body, headers })

describe('what a request sets off', () => {
  it('belongs to that request, though others share its connection and its body comes late', async () => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
    for (const id of ['first', 'second', 'third']) {
      const text = post('{"a":1}', { 'x-request-id': id }, '/whose').replace('connection: close', 'x: y')
      const body = text.length - 3
      socket.write(text.slice(0, body))
      await new Promise((resolve) => setTimeout(resolve, 20))
      socket.write(text.slice(body))
    }
    await expect.poll(() => received.split('"whose"').length).toBe(4)
    socket.destroy()
    expect([...received.matchAll(/"whose":"(\w+)"/g)].map(([, id]) => id)).toEqual([
      'first',
      'second',
      'third',
    ])
  })
})

describe('requests that are sent ahead on one connection', () => {
  const ahead = (...ids: readonly string[]): string =>
    ids.map((id) => `GET /held/${id} HTTP/1.1\r\nhost: test\r\n\r\n`).join('')

  it('are worked on one after another, and not at all when the connection has ended', async () => {
    const socket = await open(port)
    let received = ''
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()))
    socket.write(ahead('1', '2', '3'))
    await expect.poll(() => held.has('1')).toBe(true)
    expect([...held.keys()]).toEqual(['1'])
    held.get('1')?.()
    await expect.poll(() => [...held.keys()]).toEqual(['1', '2'])
    expect(received).toContain('{"id":"1"}')
    socket.destroy()
    await expect.poll(() => connectionsOf(app)).toBe(0)
    held.get('2')?.()
    await new Promise(setImmediate)
    expect(held.has('3')).toBe(false)
    held.clear()
  })

  it('are so many and no more: the connection of a client that sends on is closed', async () => {
    const socket = await open(port)
    const end = readToEnd(socket)
    socket.write(ahead(...Array.from({ length: 34 }, (_, n) => String(n))))
    expect(await end).toBe('')
    expect([...held.keys()]).toEqual(['0'])
    held.clear()
  })

  it('cost nothing beyond those: the rest of what the client sent at once is not even parsed', async () => {
    let parsed = 0
    const count = (): void => void (parsed += 1)
    app.server.on('request', count)
    const socket = await open(port)
    socket.on('error', () => undefined)
    socket.write('GET /nope HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3_000))
    await expect.poll(() => connectionsOf(app)).toBe(0)
    app.server.off('request', count)
    expect(parsed).toBe(34)
  })
})

describe('a body', () => {
  it('that fits arrives as it was sent', async () => {
    const { status, body } = await exchange(
      port,
      post('{"name":" a ","size":3}', {}, '/things/%C3%A9?limit=7&all=true'),
    )
    expect(status).toBe(200)
    expect(JSON.parse(body)).toEqual({
      body: { name: ' a ', size: 3 },
      query: { limit: 7, all: true },
      params: { id: 'é' },
    })
  })

  it.each([
    ['an unknown member', '{"name":"a","admin":true}', 'member "admin" is unknown'],
    ['a missing member', '{"size":1}', 'member "name" is missing'],
    ['a wrong type', '{"name":7}', 'member "name" must be string'],
    ['a number as text', '{"name":"a","size":"3"}', 'member "size" must be integer'],
    ['null', 'null', 'the body must be object'],
    ['a list', '[]', 'the body must be object'],
    ['malformed JSON', '{"name":', 'the body is not valid JSON'],
    ['a prototype', '{"name":"a","__proto__":{"admin":true}}', 'the body is not valid JSON'],
    ['bytes that are not UTF-8 JSON', '\u0000\u0001', 'the body is not valid JSON'],
    [
      'a member name that would break the sentence',
      '{"name":"a","\\n\\"x":1}',
      String.raw`member "\n\"x" is unknown`,
    ],
  ])('with %s is refused', async (_, body, detail) => {
    const response = await exchange(port, post(body))
    expect(refusalIn(response)).toBe('bad-request')
    expect(detailIn(response)).toBe(detail)
  })

  it('that is empty is refused', async () => {
    const response = await exchange(
      port,
      request('/things/1', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': '0' },
      }),
    )
    expect(refusalIn(response)).toBe('bad-request')
    expect(refusalIn(await exchange(port, request('/things/1', { method: 'POST' })))).toBe('bad-request')
  })

  it.each([
    ['in Latin-1', [0xe9]],
    ['in no encoding', [0xff]],
    ['in half a surrogate pair', [0xed, 0xa0, 0x80]],
    ['in two bytes where one would do', [0xc0, 0xae]],
  ])('with a text %s is refused, never repaired', async (_, bytes) => {
    const text = post(`{"name":"${'x'.repeat(bytes.length)}"}`)
    const head = Buffer.from(text.slice(0, text.lastIndexOf('"', text.length - 3) + 1))
    const response = await exchange(port, Buffer.concat([head, Buffer.from(bytes), Buffer.from('"}')]))
    expect(refusalIn(response)).toBe('bad-request')
    expect(detailIn(response)).toBe('the body is not valid UTF-8')
  })

  it.each([String.raw`{"name":"\ud800"}`, String.raw`{"name":"a","\uDFFF":1}`])(
    'with half a surrogate pair written as an escape is refused: %s',
    async (body) => {
      expect(detailIn(await exchange(port, post(body)))).toBe('the body is not valid UTF-8')
      expect((await exchange(port, post(String.raw`{"name":"\ud83d\ude00"}`))).status).toBe(200)
    },
  )

  it.each(['gzip', 'br', 'GZIP', 'identity, gzip', 'unknown'])(
    'compressed as %s is refused, and the answer says that it should not be',
    async (coding) => {
      const response = await exchange(port, post('{"name":"a"}', { 'content-encoding': coding }))
      expect(refusalIn(response)).toBe('unsupported-media-type')
      expect(response.headers['accept-encoding']).toBe('identity')
    },
  )

  it.each([
    'application/json',
    'Application/JSON; Charset=UTF-8',
    'application/json;charset="utf-8"',
    'application/json ; charset="UTF\\-8"; x=y',
  ])('of the type %s is JSON', async (type) => {
    const headers = { 'content-type': type, 'content-encoding': 'identity' }
    expect((await exchange(port, post('{"name":"é"}', headers))).status).toBe(200)
  })

  it.each([
    'application/json; charset=iso-8859-1',
    'application/json;charset="utf-16"',
    'application/json; charset',
  ])('of the type %s is refused', async (type) => {
    const response = await exchange(port, post('{"name":"a"}', { 'content-type': type }))
    expect(refusalIn(response)).toBe('unsupported-media-type')
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', 'a;;b', '*/*'])(
    'of type %s is refused',
    async (type) => {
      expect(refusalIn(await exchange(port, post('{"name":"a"}', { 'content-type': type })))).toBe(
        'unsupported-media-type',
      )
    },
  )

  it('without a type is refused', async () => {
    const bytes = 'POST /things/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}'
    expect(refusalIn(await exchange(port, bytes))).toBe('unsupported-media-type')
  })

  it('that is too large is refused, also when it does not say how large it is', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(65 * 1024) })
    expect(refusalIn(await exchange(port, post(large)))).toBe('payload-too-large')
    const chunked = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`
    const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }
    const bytes = request('/things/1', { method: 'POST', headers })
    expect(refusalIn(await exchange(port, bytes + chunked))).toBe('payload-too-large')
  })
})

describe('a route that wants no body', () => {
  const types = [
    'application/json',
    'text/plain',
    'multipart/form-data; boundary=x',
    'no type',
    '',
    'a/b; charset=utf-16',
  ]

  it.each(types)('takes none, and any, whatever type the request names: %j', async (type) => {
    for (const body of ['', '{', 'a=b', '\u0000'.repeat(70_000)]) {
      const headers = {
        'content-type': type,
        'content-encoding': 'gzip',
        'content-length': String(body.length),
      }
      const answer = await exchange(port, post(body, headers, '/nothing'))
      expect([answer.status, answer.body]).toEqual([200, '{"body":null}'])
    }
  })

  it('does not wait for one that is announced and never comes', async () => {
    const bytes = 'POST /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: x\r\n'
    for (const rest of ['Content-Length: 100\r\n\r\n{', 'Transfer-Encoding: chunked\r\n\r\n1\r\n']) {
      const socket = connect(port, '127.0.0.1')
      socket.write(bytes + rest)
      const [answer] = await once(socket, 'data')
      expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
      socket.destroy()
    }
  })
})

describe('a route', () => {
  it('that does not say whether its body may have unknown members does not start', async () => {
    const { app: other } = recordedServer()
    const body = Type.Object(
      { list: Type.Array(Type.Object({ name: Type.String() })) },
      { additionalProperties: false },
    )
    other.post('/open', { schema: { body } }, () => ({}))
    await expect(other.ready()).rejects.toThrow('additionalProperties is not decided for the object of name')
  })
})

describe('a target in absolute form', () => {
  it.each(['http://test', 'HTTP://test:80', 'https://other.example'])(
    'is taken like the path that it holds: %s',
    async (origin) => {
      const { status, body } = await exchange(port, post('{"name":"a"}', {}, `${origin}/things/7?limit=7`))
      expect(status).toBe(200)
      expect(JSON.parse(body)).toMatchObject({ params: { id: '7' }, query: { limit: 7 } })
    },
  )

  it('says the host, whatever the header does', async () => {
    const headers = { host: 'evil.example' }
    const { body } = await exchange(port, request('http://app.example:81/host', { headers }))
    expect(JSON.parse(body)).toEqual({ host: 'app.example:81' })
  })

  it.each(['http://user@test/things/1', 'ftp://test/things/1', 'http:///things/1'])(
    'that is none of this server is refused: %s',
    async (target) => {
      expect((await exchange(port, request(target))).status).toBeOneOf([400, 404])
    },
  )

  it.each(['http://test', 'http://test?x=1'])('without a path is the root: %s', async (target) => {
    expect(refusalIn(await exchange(port, request(target)))).toBe('not-found')
  })
})

describe('a query', () => {
  it.each([
    ['limit=7.5', 'query parameter "limit" must be integer'],
    ['limit=', 'query parameter "limit" must be integer'],
    ['limit=0x10', 'query parameter "limit" must be integer'],
    ['limit=101', 'query parameter "limit" must be <= 100'],
    ['limit=1&limit=2', 'query parameter "limit" must be integer'],
    ['all=1', 'query parameter "all" must be boolean'],
  ])('%s is refused', async (query, detail) => {
    const response = await exchange(port, post('{"name":"a"}', {}, `/things/1?${query}`))
    expect(refusalIn(response)).toBe('bad-request')
    expect(detailIn(response)).toBe(detail)
  })

  it('has the defaults of what it leaves out', async () => {
    const { body } = await exchange(port, post('{"name":"a"}'))
    expect(JSON.parse(body)).toMatchObject({ query: { limit: 20 } })
  })
})

describe('a path', () => {
  it.each(['/nope', '/things', '/things/1/2', '/nope?token=planted', '/things/', '//things/1', '*'])(
    '%s that leads nowhere is not found, whatever comes with it',
    async (target) => {
      expect(refusalIn(await exchange(port, request(target)))).toBe('not-found')
      const withBody = request(target, { method: 'POST', body: '{', headers: { 'content-type': 'a/b' } })
      expect(refusalIn(await exchange(port, withBody))).toBe('not-found')
    },
  )

  it.each(['/things/%zz', '/%', '/things/%c3%28', '/%zz?token=planted'])(
    '%s that is no path is refused',
    async (target) => {
      expect(refusalIn(await exchange(port, request(target, { method: 'POST' })))).toBe('bad-request')
    },
  )

  it('with a part that is too long is refused, and one of 255 percent-encoded characters is not', async () => {
    expect(refusalIn(await exchange(port, post('{"name":"a"}', {}, `/things/${'a'.repeat(766)}`)))).toBe(
      'bad-request',
    )
    const { status } = await exchange(port, post('{"name":"a"}', {}, `/things/${'%40'.repeat(255)}`))
    expect(status).toBe(200)
  })

  it.each([
    ['GET', '/things/1', 'POST'],
    ['TRACE', '/things/1', 'POST'],
    ['PURGE', '/hello', 'GET, HEAD'],
    ['OPTIONS', '/things/1?x', 'POST'],
    ['GET', '/th%69ngs/1', 'POST'],
    ['GET', 'http://test/things/1?x', 'POST'],
    ['GET', 'http://test/whose', 'POST'],
  ])('with the method %s that it does not have says which it has', async (method, target, allow) => {
    const response = await exchange(port, request(target, { method }))
    expect(refusalIn(response)).toBe('method-not-allowed')
    expect(response.headers['allow']).toBe(allow)
  })
})
