/** Bodies that nobody wants, that never arrive in full, and connections that one address has too many of; over real sockets. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

import { Type } from '@fastify/type-provider-typebox'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import {
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

const MEGABYTE = 1024 * 1024
const PIECE = Buffer.alloc(64 * 1024, 'x')

let server: RecordedServer
let port: number
/** The server's ends of the connections. */
let accepted: Socket[]
let handled: number
/** Requests whose bodies the server has begun to wait for. */
let awaited: number

async function start(options: Parameters<typeof recordedServer>[0] = {}): Promise<void> {
  server = recordedServer(options)
  accepted = []
  handled = 0
  awaited = 0
  const body = Type.Object({}, { additionalProperties: true })
  server.app.addHook('preParsing', (_request, _reply, _payload, done) => {
    awaited += 1
    done()
  })
  server.app.post('/things', { schema: { body } }, () => ({ handled: (handled += 1) }))
  server.app.server.on('connection', (socket: Socket) => void accepted.push(socket))
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  port = portOf(server.app)
}

beforeEach(() => start())
afterEach(async () => {
  vi.useRealTimers()
  await server.app.close()
})

const upload = (target: string, headers: Record<string, string>): string =>
  request(target, { method: 'POST', headers: { connection: 'keep-alive', ...headers } })

/** A body of which one byte is missing, and for which the server waits. */
async function arrive(headers: Record<string, string> = {}): Promise<Socket> {
  const socket = await open(port)
  const before = awaited
  const fields = {
    'content-type': 'application/json',
    'content-length': '2',
    connection: 'close',
    ...headers,
  }
  socket.write(`${upload('/things', { ...fields, 'x-request-id': `body-${before + 1}` })}{`)
  await vi.waitUntil(() => awaited > before)
  return socket
}

/** Sends until the connection is over, whatever the server says in the meantime; resolves with what it said. */
async function sendOn(socket: Socket): Promise<string> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.on('error', () => undefined)
  socket.once('close', resolve)
  const send = (): void => {
    while (socket.writable && socket.write(PIECE));
  }
  socket.on('drain', send)
  send()
  await over
  return text
}

describe('the rest of a body that nobody reads', () => {
  it.each([
    ['of a known length', { 'content-length': String(300 * MEGABYTE) }],
    ['of an unknown length', { 'transfer-encoding': 'chunked' }],
  ])('%s is not read on after the refusal, which its sender can read', async (_, headers) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.write(upload('/nowhere', headers))
    if ('transfer-encoding' in headers) socket.write(`${(300 * MEGABYTE).toString(16)}\r\n`)
    const received = sendOn(socket)
    await vi.waitUntil(() => (accepted[0]?.bytesRead ?? 0) > MEGABYTE)
    // The server does not read while it waits.
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate)
    expect(accepted[0]?.bytesRead).toBeLessThan(2 * MEGABYTE)
    await vi.advanceTimersByTimeAsync(5_000)
    const response = parseResponse(await received)
    expect(refusalIn(response)).toBe('not-found')
    expect(response.headers['connection']).toBe('close')
  })

  it('does not cost the refusal a sender that reads only after it has sent all', async () => {
    const socket = await open(port)
    socket.pause()
    socket.write(upload('/nowhere', { 'content-length': String(MEGABYTE / 2), connection: 'close' }))
    for (let sent = 0; sent < MEGABYTE / 2; sent += PIECE.length) {
      socket.write(PIECE)
      await new Promise(setImmediate)
    }
    await vi.waitUntil(() => socket.writableLength === 0)
    const received = readToEnd(socket)
    socket.resume()
    expect(refusalIn(parseResponse(await received))).toBe('not-found')
  })

  it('leaves the connection to the next request where it is short', async () => {
    const socket = await open(port)
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.write(upload('/nowhere', { 'content-length': '4' }))
    await vi.waitUntil(() => text.includes('not-found'))
    socket.write(`body${request('/hello')}`)
    await once(socket, 'close')
    expect(text).toContain('"hello"')
  })

  it.each([
    ['short', '4'],
    ['long', String(MEGABYTE)],
  ])('is not waited for without an end, however %s it is', async (_, length) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const socket = await open(port)
    const received = readToEnd(socket)
    socket.write(upload('/nowhere', { 'content-length': length }))
    await once(socket, 'data')
    await vi.advanceTimersByTimeAsync(5_000)
    expect(refusalIn(parseResponse(await received))).toBe('not-found')
  })
})

describe('a body that a route wants', () => {
  /** Ids of the requests whose bodies came too late, or for too long. */
  const cutOff = (): unknown[] =>
    server
      .requests()
      .filter(({ status, code }) => status === 408 && code === 'request-timeout')
      .map(({ requestId }) => requestId)

  it('is cut off when it does not arrive in time, and is not acted on when the rest comes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const socket = await open(port)
    const received = readToEnd(socket)
    socket.write(upload('/things', { 'content-type': 'application/json', 'content-length': '2' }))
    socket.write('{')
    await vi.waitUntil(() => (accepted[0]?.bytesRead ?? 0) > 100)
    await new Promise(setImmediate)
    await vi.advanceTimersByTimeAsync(20_000)
    socket.write('}')
    const response = parseResponse(await received)
    expect(refusalIn(response)).toBe('request-timeout')
    expect(response.headers['connection']).toBe('close')
    expect(handled).toBe(0)
    expect(server.requests()).toMatchObject([{ status: 408, code: 'request-timeout' }])
  })

  it('makes room for a newer one when too many of its address are arriving, and others are not held up', async () => {
    await server.app.close()
    // Eight bodies, two of them of one address.
    await start({ connectionsMax: 64, isTrustedProxy: (address) => address === '127.0.0.1' })
    const of = (client: string) => arrive({ 'x-forwarded-for': client })
    const other = await of('192.0.2.2')
    const [first, second] = [await of('192.0.2.1'), await of('192.0.2.1')]
    const firstAnswer = readToEnd(first)
    const third = await of('192.0.2.1')
    await vi.waitFor(() => expect(cutOff()).toEqual(['body-2']))
    expect(refusalIn(parseResponse(await firstAnswer))).toBe('request-timeout')
    for (const socket of [other, second, third]) {
      socket.write('}')
      expect(parseResponse(await readToEnd(socket)).status).toBe(200)
    }
    expect(cutOff()).toEqual(['body-2'])
  })

  it('makes room for a newer one when too many of all are arriving, in the order in which they began', async () => {
    await server.app.close()
    await start({ connectionsMax: 64, isTrustedProxy: (address) => address === '127.0.0.1' })
    const slow: Socket[] = []
    for (let count = 0; count < 8; count += 1) slow.push(await arrive())
    // The share of one address does not count for a proxy.
    expect(server.requests()).toEqual([])
    for (let round = 0; round < 3; round += 1) {
      const text = request('/things', { method: 'POST', body: '{}' })
      expect((await exchange(port, text)).status).toBe(200)
    }
    // One place was enough for three that arrived one after the other.
    expect(cutOff()).toEqual(['body-1'])
    for (const socket of slow) socket.destroy()
  })

  it('is acted on once however long its answer takes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const text = request('/things', { method: 'POST', body: '{}' })
    expect((await exchange(port, text)).status).toBe(200)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(handled).toBe(1)
  })
})

describe('the connections', () => {
  it('of one address are bounded, so that it cannot take all, and one more is let in when one is over', async () => {
    await server.app.close()
    await start({ connectionsMax: 8 })
    const sockets = [await open(port), await open(port)]
    const third = await open(port)
    await expect(readToEnd(third)).resolves.toBe('')
    sockets[0]?.destroy()
    await vi.waitUntil(() => accepted[0]?.destroyed === true)
    expect((await exchange(port, request('/hello'))).status).toBe(200)
    const metrics = await exchange(operationsPortOf(server.app), request('/metrics'))
    expect(metrics.body).toMatch(/http_connections_refused_total\{reason="address",[^}]*\} 1/)
    sockets[1]?.destroy()
  })

  it('of a trusted proxy are not, but those of all together', async () => {
    await server.app.close()
    await start({ connectionsMax: 8, isTrustedProxy: (address) => address === '127.0.0.1' })
    const sockets = await Promise.all(Array.from({ length: 8 }, () => open(port)))
    await vi.waitUntil(() => accepted.length === 8)
    await expect(readToEnd(await open(port))).resolves.toBe('')
    for (const socket of sockets) socket.destroy()
    await vi.waitFor(async () => {
      const metrics = await exchange(operationsPortOf(server.app), request('/metrics'))
      expect(metrics.body).toMatch(/http_connections_refused_total\{reason="all",[^}]*\} [1-9]/)
    })
  })
})
