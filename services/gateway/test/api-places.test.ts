/** The share of a service that one caller can take, with requests that arrive slowly or not at all. */
import { connect, type Socket } from 'node:net'

import { expectProblem } from '@curfew/test-kit'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { eventually } from './eventually.ts'
import { newToken, setRelayStage, type RelayStage } from './relay-stage.ts'

const alice = newToken()
const mallory = newToken()
const WINDOW_MS = 10_000

let stage: RelayStage
let sockets: Socket[]
beforeEach(async () => {
  sockets = []
  stage = await setRelayStage((token) => ({
    kind: 'admitted',
    session: token === alice.token ? alice.session : mallory.session,
  }))
})
afterEach(async () => {
  vi.useRealTimers()
  for (const socket of sockets) socket.destroy()
  await stage[Symbol.asyncDispose]()
})

interface Sender {
  readonly socket: Socket
  readonly received: () => string
}

/** The head of an upload of Mallory, and a piece of its body; the rest is up to the test. */
function beginUpload(length: number | 'chunked', piece: string): Sender {
  const socket = connect(Number(new URL(stage.url).port), '127.0.0.1')
  sockets.push(socket)
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
  socket.on('error', () => undefined)
  const framing = length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`
  socket.write(
    `PUT /api/documents/1 HTTP/1.1\r\nhost: test\r\nauthorization: Bearer ${mallory.token}\r\n${framing}\r\n\r\n${piece}`,
  )
  return { socket, received: () => text }
}

const get = (token: string): Promise<Response> =>
  fetch(`${stage.url}/api/documents/2`, { headers: { authorization: `Bearer ${token}` } })
const connections = () =>
  new Promise<number>((resolve) => stage.app.server.getConnections((_, count) => resolve(count)))

describe('a place at the service', () => {
  it('is not taken by 520 bodies of which one byte has come, and they are cut off in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const senders = Array.from({ length: 520 }, () => beginUpload(10, 'x'))
    await eventually(async () => expect(await connections()).toBe(520))
    expect((await get(alice.token)).status).toBe(200)
    expect(stage.service.arrivals.map(({ method }) => method)).toEqual(['GET'])

    await vi.advanceTimersByTimeAsync(WINDOW_MS)
    await eventually(() => {
      for (const { received } of senders) expect(received()).toContain('request-timeout')
    })
    await vi.advanceTimersByTimeAsync(5_000)
    await eventually(() => expect(senders.every(({ socket }) => socket.destroyed)).toBe(true))
    expect(stage.service.arrivals).toHaveLength(1)
  })

  it('is taken from a body that stops arriving once it has begun', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { socket, received } = beginUpload(100_000, 'x'.repeat(20_000))
    await eventually(() => expect(stage.service.arrivals[0]?.bytes).toBe(20_000))
    await vi.advanceTimersByTimeAsync(WINDOW_MS)
    socket.write('one more byte, now and then')
    await vi.advanceTimersByTimeAsync(WINDOW_MS)
    await eventually(() => expect(received()).toContain('408 Request Timeout'))
    await eventually(() => expect(stage.service.arrivals[0]?.ending).toBe('aborted'))
  })

  it('is kept by a body that the service is slow to read', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const released = Promise.withResolvers<void>()
    stage.service.behave((request, response) => {
      request.pause()
      void released.promise.then(() => request.resume())
      request.once('end', () => response.end('stored'))
    })
    const length = 1_000_000
    const { socket, received } = beginUpload(length, '')
    socket.write(Buffer.alloc(length, 'x'))
    await eventually(() => expect(stage.service.arrivals).toHaveLength(1))
    await vi.advanceTimersByTimeAsync(2 * WINDOW_MS)
    released.resolve()
    await eventually(() => expect(received()).toContain('stored'))
  })

  it('is not taken by a body whose sender has gone, nor by one whose session has ended meanwhile', async () => {
    const gone = beginUpload(10, 'x')
    const late = beginUpload(10, 'x')
    await eventually(async () => expect(await connections()).toBe(2))
    gone.socket.destroy()
    await eventually(async () => expect(await connections()).toBe(1))
    stage.endSessions()
    late.socket.write('the rest.')
    await eventually(() => expect(late.received()).toContain('401 Unauthorized'))
    expect(stage.service.arrivals).toEqual([])
  })

  it('is one of 64 that a session may have, and free again when its request is over', async () => {
    const held: (() => void)[] = []
    stage.service.behave((_request, response) => void held.push(() => response.end('ok')))
    const first = Array.from({ length: 64 }, () => get(mallory.token))
    await eventually(() => expect(held).toHaveLength(64))
    const refused = await get(mallory.token)
    expect(refused.headers.get('retry-after')).toBe('1')
    await expectProblem(refused, 429, 'too-many-requests')

    stage.service.behave((_request, response) => response.end('ok'))
    expect((await get(alice.token)).status).toBe(200)
    for (const release of held) release()
    expect(new Set((await Promise.all(first)).map(({ status }) => status))).toEqual(new Set([200]))
    await eventually(async () => expect((await get(mallory.token)).status).toBe(200))
  })
})

describe('a connection that the service has kept', () => {
  /** The service answers one request on each connection and closes it while the next one is on its way. */
  const closeAfterFirst = (): void => {
    const used = new WeakSet<Socket>()
    stage.service.behave((request, response) => {
      if (used.has(request.socket)) return void request.socket.destroy()
      used.add(request.socket)
      request.resume()
      response.end('ok')
    })
  }
  const send = (method: string, body?: string) =>
    fetch(`${stage.url}/api/documents/1`, {
      method,
      headers: { authorization: `Bearer ${alice.token}` },
      ...(body !== undefined && { body }),
    })

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])(
    'and closes while a %s without a body is on its way costs that nothing',
    async (method) => {
      closeAfterFirst()
      expect((await send('GET')).status).toBe(200)
      expect((await send(method)).status).toBe(200)
      expect(stage.service.arrivals.map((arrival) => arrival.method)).toEqual(['GET', method, method])
    },
  )

  it.each([
    ['POST', undefined],
    ['POST', 'body'],
    ['PUT', 'body'],
  ])(
    'and closes while a %s (%s) is on its way may have acted on it: that is not sent again',
    async (method, body) => {
      closeAfterFirst()
      expect((await send('GET')).status).toBe(200)
      await expectProblem(await send(method, body), 502, 'upstream-failed')
      expect(stage.service.arrivals).toHaveLength(2)
    },
  )

  it('is tried once more and no oftener, and not at all once a part of the answer has come', async () => {
    stage.service.behave((request) => request.socket.destroy())
    await expectProblem(await send('GET'), 502, 'upstream-failed')
    expect(stage.service.arrivals).toHaveLength(2)
    stage.service.behave((request, response) => {
      response.writeProcessing()
      setImmediate(() => request.socket.destroy())
    })
    await expectProblem(await send('GET'), 502, 'upstream-failed')
    expect(stage.service.arrivals).toHaveLength(3)
  })
})
