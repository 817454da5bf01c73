/**
 * The proxy is what fault tests believe: each fault is seen by two plain sockets here.
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

import { FaultProxy } from '@curfew/test-kit'
import { afterEach, beforeEach, expect, it } from 'vitest'

/** Remembers what it was sent. */
class Peer {
  readonly socket: Socket
  heard = ''
  end: 'closed' | 'reset' | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('utf8')
    socket.on('data', (text) => {
      this.heard += String(text)
    })
    socket.on('error', () => {
      this.end = 'reset'
    })
    socket.on('close', () => {
      this.end ??= 'closed'
    })
  }
}

let server: Server
let proxy: FaultProxy
const accepted: Peer[] = []

beforeEach(async () => {
  server = createServer((socket) => accepted.push(new Peer(socket)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  proxy = await FaultProxy.start((server.address() as AddressInfo).port)
})
afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
  for (const { socket } of accepted.splice(0)) socket.destroy()
  server.close()
})

async function openPair(): Promise<{ client: Peer; service: Peer }> {
  const before = accepted.length
  const client = new Peer(connect(proxy.port, '127.0.0.1'))
  await expect.poll(() => accepted.length).toBeGreaterThan(before)
  return { client, service: accepted.at(-1) as Peer }
}

/** What goes through afterwards was sent after everything that might have gone through before. */
async function expectRoundTrip({ client, service }: { client: Peer; service: Peer }): Promise<void> {
  client.socket.write('ping')
  await expect.poll(() => service.heard).toMatch(/ping$/)
  service.socket.write('pong')
  await expect.poll(() => client.heard).toMatch(/pong$/)
}

it('passes on both directions and the end of a connection', async () => {
  const pair = await openPair()
  await expectRoundTrip(pair)
  pair.client.socket.end('bye')
  await expect.poll(() => pair.service.end).toBe('closed')
  expect(pair.service.heard).toBe('pingbye')
  expect(proxy.counters).toEqual({ connectionsCut: 0, bytesHeld: 0, bytesDelayed: 0 })
})

it('resets what is open and whoever dials while it is cut, and counts them', async () => {
  const { client, service } = await openPair()
  proxy.fail({ kind: 'cut' })
  await expect.poll(() => [client.end, service.end]).toEqual(['reset', 'reset'])
  const late = new Peer(connect(proxy.port, '127.0.0.1'))
  await expect.poll(() => late.end).toBeDefined()
  expect(accepted).toHaveLength(1)
  expect(proxy.counters.connectionsCut).toBe(2)
  proxy.restore()
  await expectRoundTrip(await openPair())
})

it('keeps one direction silent, and delivers late and in order what it held', async () => {
  const pair = await openPair()
  proxy.fail({ kind: 'black-hole', directions: ['to-server'] })
  pair.client.socket.write('one,')
  pair.service.socket.write('heard')
  await expect.poll(() => pair.client.heard).toBe('heard')
  pair.client.socket.write('two')
  await expect.poll(() => proxy.counters.bytesHeld).toBe('one,two'.length)
  expect(pair.service.heard).toBe('')
  proxy.restore()
  await expect.poll(() => pair.service.heard).toBe('one,two')
  await expectRoundTrip(pair)
})

it('hides the end of a connection while it is silent', async () => {
  const { client, service } = await openPair()
  proxy.fail({ kind: 'black-hole', directions: ['to-server', 'to-client'] })
  client.socket.end('last words')
  await expect.poll(() => proxy.counters.bytesHeld).toBe('last words'.length)
  expect([service.heard, service.end]).toEqual(['', undefined])
  proxy.restore()
  await expect.poll(() => [service.heard, service.end]).toEqual(['last words', 'closed'])
})

it('can lose for good what it held, together with the connection', async () => {
  const [held, idle] = [await openPair(), await openPair()]
  proxy.fail({ kind: 'black-hole', directions: ['to-client'] })
  held.service.socket.write('never')
  await expect.poll(() => proxy.counters.bytesHeld).toBe('never'.length)
  proxy.restore('cut')
  await expect.poll(() => [held.client.end, held.service.end]).toEqual(['reset', 'reset'])
  expect(held.client.heard).toBe('')
  await expectRoundTrip(idle)
})

it('is slow without changing the order, also when the delay is lifted', async () => {
  const pair = await openPair()
  proxy.fail({ kind: 'delay', ms: 150 })
  const sentAt = performance.now()
  pair.client.socket.write('slow,')
  await expect.poll(() => proxy.counters.bytesDelayed).toBe('slow,'.length)
  proxy.restore()
  pair.client.socket.write('later')
  await expect.poll(() => pair.service.heard).toBe('slow,later')
  expect(performance.now() - sentAt).toBeGreaterThanOrEqual(149)
})

it('fails one connection alone, where it is told which', async () => {
  const [first, second] = [await openPair(), await openPair()]
  proxy.fail({ kind: 'black-hole', directions: ['to-server', 'to-client'] }, 0)
  await expectRoundTrip(second)
  first.client.socket.write('held')
  await expect.poll(() => proxy.counters.bytesHeld).toBe(4)
  expect(first.service.heard).toBe('')
  proxy.restore()
  await expect.poll(() => first.service.heard).toBe('held')
  proxy.fail({ kind: 'cut' }, 1)
  await expect.poll(() => second.client.end).toBe('reset')
  await expectRoundTrip(first)
})
