import { once } from 'node:events'
import { PassThrough } from 'node:stream'

import { describe, expect, it, vi } from 'vitest'

import type { CurfewServer } from '../src/index.ts'
import {
  connectionsOf,
  exchange,
  open,
  operationsPortOf,
  parseResponse,
  portOf,
  readToEnd,
  refusalIn,
  request,
} from './raw-http.ts'
import { recordedServer, type RecordedServer } from './recorded-server.ts'

interface Held {
  readonly server: RecordedServer
  readonly port: number
  readonly arrived: Promise<void>
  readonly release: () => void
}

/** A server with a route that answers when it is told to. */
async function holding(options: Parameters<typeof recordedServer>[0] = {}): Promise<Held> {
  const arrived = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const server = recordedServer(options)
  server.app.get('/held', async () => {
    arrived.resolve()
    await release.promise
    return { finished: true }
  })
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  return { server, port: portOf(server.app), arrived: arrived.promise, release: () => release.resolve() }
}

async function readinessOf(app: CurfewServer): Promise<unknown> {
  const { status, body } = await exchange(operationsPortOf(app), request('/readyz'))
  const said = JSON.parse(body) as { status: string }
  expect(status).toBe(said.status === 'ready' ? 200 : 503)
  return said
}

describe('a server that closes', () => {
  it('finishes the request under way and then ends', async () => {
    const { server, port, arrived, release } = await holding()
    const answer = exchange(port, request('/held'))
    await arrived
    const closed = server.app.close()
    release()
    const { status, body } = await answer
    expect([status, body]).toEqual([200, '{"finished":true}'])
    await closed
  })

  it('takes no new connection', async () => {
    const { server, port, arrived, release } = await holding()
    const answer = exchange(port, request('/held'))
    await arrived
    const closed = server.app.close()
    await vi.waitUntil(() => !server.app.server.listening)
    await expect(open(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    release()
    await Promise.all([answer, closed])
  })

  it('refuses a new request on a connection that is open, and closes it', async () => {
    const { server, port, arrived, release } = await holding()
    const busy = exchange(port, request('/held'))
    await arrived

    // Begun before and finished after: otherwise the connection is idle, and closed at once.
    const socket = await open(port)
    const text = request('/held', { headers: { connection: 'keep-alive' } })
    const received = readToEnd(socket)
    socket.write(text.slice(0, 10))
    await vi.waitUntil(async () => (await connectionsOf(server.app)) === 2)
    const closed = server.app.close()
    await vi.waitUntil(() => !server.app.server.listening)
    socket.write(text.slice(10))

    const response = parseResponse(await received)
    expect(refusalIn(response)).toBe('unavailable')
    expect(response.headers).toMatchObject({ connection: 'close', 'retry-after': '1' })
    release()
    await Promise.all([busy, closed])
  })

  it('finishes the request under way on a connection that would be kept, and closes that', async () => {
    const { server, port, arrived, release } = await holding()
    const socket = await open(port)
    const received = readToEnd(socket)
    socket.write(request('/held', { headers: { connection: 'keep-alive' } }))
    await arrived
    const closed = server.app.close()
    await vi.waitUntil(() => !server.app.server.listening)
    release()
    const { status, headers } = parseResponse(await received)
    expect([status, headers['connection']]).toEqual([200, 'close'])
    await closed
  })

  it('finishes the response that has begun on a connection that would be kept, and closes that', async () => {
    const { app } = recordedServer()
    const body = new PassThrough()
    app.get('/stream', (_, reply) => reply.type('text/plain').send(body))
    await app.listen({ host: '127.0.0.1', port: 0 })
    const socket = await open(portOf(app))
    const received = readToEnd(socket)
    socket.write(request('/stream', { headers: { connection: 'keep-alive' } }))
    body.write('begun')
    await once(socket, 'data')
    const closed = app.close()
    await vi.waitUntil(() => !app.server.listening)
    body.end(' and done')
    await closed
    expect(parseResponse(await received).body).toContain(' and done')
  })

  it.each([
    ['nothing', ''],
    ['a part of a request', 'GET /hello HTTP/1.1\r\nHost:'],
  ])('does not wait for a connection on which %s has come', async (_, bytes) => {
    const { server, port } = await holding()
    const socket = await open(port)
    const ended = readToEnd(socket)
    socket.write(bytes)
    await vi.waitUntil(async () => (await connectionsOf(server.app)) === 1)
    await server.app.close()
    await expect(ended).resolves.toBe('')
  })

  it('does not wait for idle connections', async () => {
    const { server, port } = await holding()
    const socket = await open(port)
    const received = readToEnd(socket)
    socket.write(request('/hello', { headers: { connection: 'keep-alive' } }))
    await once(socket, 'data')
    await server.app.close()
    expect(await received).toContain('"hello"')
  })
})

describe('the operations port', () => {
  it('has the operations routes, and the other port has not', async () => {
    const { server, port } = await holding({ readiness: [{ name: 'nats', check: () => true }] })
    const operationsPort = operationsPortOf(server.app)
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect(refusalIn(await exchange(port, request(path)))).toBe('not-found')
      expect((await exchange(operationsPort, request(path))).status).toBe(200)
    }
    expect(refusalIn(await exchange(operationsPort, request('/held')))).toBe('not-found')
    await server.app.close()
    await expect(open(operationsPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('on loopback is for programs of this machine: no page reads it by a name that leads here', async () => {
    const { server } = await holding()
    const port = operationsPortOf(server.app)
    const asking = (host: string) => exchange(port, request('/metrics', { headers: { host } }))
    for (const host of ['127.0.0.1', `127.0.0.1:${port}`, `[::1]:${port}`, 'LocalHost', 'curfew.localhost:1'])
      expect((await asking(host)).status, host).toBe(200)
    for (const host of [
      'rebound.example',
      `rebound.example:${port}`,
      '192.0.2.1',
      'localhost.example',
      '[2001:db8::1]',
    ])
      expect(refusalIn(await asking(host)), host).toBe('forbidden')
    await server.app.close()
  })

  it('beyond loopback answers scrapers by whatever name they know', async () => {
    const { server } = await holding({ operations: { host: '0.0.0.0', port: 0 } })
    const port = operationsPortOf(server.app)
    const answer = await exchange(port, request('/metrics', { headers: { host: 'gateway:9080' } }))
    expect(answer.status).toBe(200)
    await server.app.close()
  })

  it('says alive and not ready while requests under way finish', async () => {
    const { server, port, arrived, release } = await holding()
    const operationsPort = operationsPortOf(server.app)
    const answer = exchange(port, request('/held'))
    await arrived
    const closed = server.app.close()
    await vi.waitUntil(() => !server.app.server.listening)
    expect((await exchange(operationsPort, request('/healthz'))).status).toBe(200)
    const { status, headers, body } = await exchange(operationsPort, request('/readyz'))
    expect(status).toBe(503)
    expect(headers['retry-after']).toBe('1')
    expect(JSON.parse(body)).toEqual({ status: 'not-ready', checks: { service: 'stopping' } })
    release()
    await Promise.all([answer, closed])
  })

  it('that is taken fails the start', async () => {
    const { server: first, port } = await holding()
    const { app } = recordedServer({ operations: { host: '127.0.0.1', port } })
    await expect(app.listen({ host: '127.0.0.1', port: 0 })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await app.close()
    await first.app.close()
  })
})

describe('readiness', () => {
  it('names every check', async () => {
    const { app } = recordedServer({
      readiness: [
        { name: 'nats', check: () => true },
        { name: 'redis', check: () => 'no connection' },
      ],
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    expect(await readinessOf(app)).toEqual({
      status: 'not-ready',
      checks: { service: 'ok', nats: 'ok', redis: 'no connection' },
    })
    await app.close()
  })

  it('begins when requests are taken, not when the operations port opens', async () => {
    const { app } = recordedServer()
    await app.ready()
    expect(await readinessOf(app)).toEqual({ status: 'not-ready', checks: { service: 'starting' } })
    await app.listen({ host: '127.0.0.1', port: 0 })
    expect(await readinessOf(app)).toEqual({ status: 'ready', checks: { service: 'ok' } })
    await app.close()
  })
})
