import { expectJson, expectProblem, type BearerClient } from '@curfew/test-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { eventually } from './eventually.ts'
import { UPSTREAM_TIMEOUT_MS, startGatewaySystem, type GatewaySystem } from './gateway-system.ts'

let system: GatewaySystem
let program: BearerClient

beforeAll(async () => {
  system = await startGatewaySystem()
  program = await system.loginAsProgram('alice')
})
afterAll(() => system.stop())
beforeEach(() => {
  system.upstream.behave(undefined)
  system.upstream.arrivals.length = 0
})

describe('the answer of a service', () => {
  it('comes through as it is, without what belongs to the gateway', async () => {
    system.upstream.behave((_request, response) => {
      response.writeHead(201, {
        'content-type': 'application/json',
        location: '/documents/7',
        etag: '"7"',
        'cache-control': 'private, max-age=60',
        'set-cookie': ['__Host-session=evil; Path=/; Secure', 'tracking=1'],
        'clear-site-data': '"*"',
        'strict-transport-security': 'max-age=0',
        'x-powered-by': 'test',
        connection: 'keep-alive, x-internal',
        'x-internal': 'secret',
        'x-request-id': 'of-the-service',
      })
      response.end('{"id":7}')
    })
    const response = await program.get('/api/documents/7')
    expect(await expectJson(response, 201)).toEqual({ id: 7 })
    const headers = Object.fromEntries(response.headers)
    expect(headers).toMatchObject({
      location: '/api/documents/7',
      etag: '"7"',
      'cache-control': 'private, max-age=60',
    })
    expect(response.headers.getSetCookie()).toEqual([])
    expect(headers['strict-transport-security']).toContain('31536000')
    expect(headers['x-request-id']).not.toBe('of-the-service')
    for (const name of ['clear-site-data', 'x-powered-by', 'x-internal'])
      expect(headers).not.toHaveProperty(name)
  })

  it('forbids storing where the service says nothing', async () => {
    expect((await program.get('/api/documents')).headers.get('cache-control')).toBe('no-store')
  })

  it.each([401, 403, 404, 409, 503])('that is a refusal comes through unchanged: %i', async (status) => {
    const problem = JSON.stringify({ type: 'urn:other:problem:mine', title: 'Mine', status, custom: [1] })
    system.upstream.behave((_request, response) => {
      response.writeHead(status, {
        'content-type': 'application/problem+json',
        'www-authenticate': 'Bearer realm="documents"',
        'retry-after': '7',
      })
      response.end(problem)
    })
    const response = await program.get('/api/documents/1')
    expect(response.status).toBe(status)
    expect(await response.text()).toBe(problem)
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="documents"')
    expect(response.headers.get('retry-after')).toBe('7')
    expect(response.headers.getSetCookie()).toEqual([])
    expect(system.upstream.arrivals).toHaveLength(1)
  })

  it.each([
    ['at once', 1],
    ['in two pieces', 2],
  ])('comes through byte by byte, whatever the bytes, where it is sent %s', async (_, pieces) => {
    const bytes = Buffer.from(Array.from({ length: 4_096 }, (_each, index) => index % 256))
    system.upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': bytes.length })
      if (pieces === 1) return void response.end(bytes)
      response.write(bytes.subarray(0, 100), () => setTimeout(() => response.end(bytes.subarray(100)), 20))
    })
    const response = await program.get('/api/documents/1')
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true)
  })

  it.each([204, 304])('without content stays without: %i', async (status) => {
    system.upstream.behave((_request, response) => response.writeHead(status, { etag: '"1"' }).end())
    const response = await program.get('/api/documents/1')
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([
      status,
      '"1"',
      '',
    ])
  })

  it('to HEAD has the headers of the content that it does not send', async () => {
    system.upstream.behave((_request, response) =>
      response.writeHead(200, { 'content-length': '12345' }).end(),
    )
    const response = await program.request('HEAD', '/api/documents/1')
    expect([response.headers.get('content-length'), await response.text()]).toEqual(['12345', ''])
  })

  it('comes piece by piece, its headers before the first piece', async () => {
    const pieces: ((text: string) => void)[] = []
    system.upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.flushHeaders()
      pieces.push((text) => (text === '' ? response.end() : response.write(text)))
    })
    const response = await program.get('/api/documents/events')
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (const piece of ['data: 1\n\n', 'data: 2\n\n']) {
      pieces[0]?.(piece)
      expect((await reader?.read())?.value).toBe(piece)
    }
    pieces[0]?.('')
    expect((await reader?.read())?.done).toBe(true)
  })

  it('that is cut off arrives cut off, never as complete', async () => {
    system.upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.write('half', () => response.destroy())
    })
    const response = await program.get('/api/documents/1')
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow(/terminated|aborted/)
  })
})

describe('a service that does not answer', () => {
  it('because it is down makes 503: nothing was sent', async () => {
    const problem = await expectProblem(await program.post('/api/down/1', {}), 503, 'unavailable')
    expect(JSON.stringify(problem)).not.toMatch(/ECONN|127\.0\.0\.1/)
  })

  it('because it hangs makes 502 in time, and takes no other request with it', async () => {
    system.upstream.behave((request, response) => {
      if (request.url?.includes('hang') !== true) response.end('ok')
    })
    const startedMs = performance.now()
    const hanging = Array.from({ length: 20 }, () => program.get('/api/documents/hang'))
    expect((await program.get('/api/documents/fine')).status).toBe(200)
    for (const response of await Promise.all(hanging)) await expectProblem(response, 502, 'upstream-failed')
    expect(performance.now() - startedMs).toBeLessThan(UPSTREAM_TIMEOUT_MS + 3_000)
    await eventually(() =>
      expect(system.upstream.arrivals.filter(({ ending }) => ending === 'aborted')).toHaveLength(20),
    )
  })

  it('because it stops in the middle is cut off in time', async () => {
    system.upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('half')
    })
    const response = await program.get('/api/documents/1')
    await expect(response.text()).rejects.toThrow(/terminated|aborted/)
  })

  it('but hangs up twice makes 502', async () => {
    system.upstream.behave((request) => request.socket.destroy())
    await expectProblem(await program.get('/api/documents/1'), 502, 'upstream-failed')
    expect(system.upstream.arrivals).toHaveLength(2)
  })

  it.each([
    ['nonsense', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['a header with a line break in disguise', 'HTTP/1.1 200 OK\r\nX-A: b\x00c\r\nContent-Length: 0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['endless headers', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(200_000)}\r\n\r\n`],
  ])('but sends %s makes 502, and nothing of it gets out', async (_, bytes) => {
    system.upstream.behave((request) => request.socket.end(bytes, 'latin1'))
    const response = await program.get('/api/documents/1')
    await expectProblem(response, 502, 'upstream-failed')
    expect(response.headers.has('x-a')).toBe(false)
  })

  it('is not asked a second time by the gateway', async () => {
    system.upstream.behave((_request, response) => response.writeHead(503, { 'retry-after': '0' }).end())
    expect((await program.get('/api/documents/1')).status).toBe(503)
    expect(system.upstream.arrivals).toHaveLength(1)
  })
})

it('a caller that goes away while it waits is given up at the service too', async () => {
  system.upstream.behave(() => undefined)
  const gone = new AbortController()
  const waiting = fetch(`${system.url}/api/documents/1`, {
    headers: { authorization: `Bearer ${program.token}` },
    signal: gone.signal,
  }).catch((error: unknown) => error)
  await eventually(() => expect(system.upstream.arrivals).toHaveLength(1))
  gone.abort()
  expect(await waiting).toBeInstanceOf(Error)
  await eventually(() => expect(system.upstream.arrivals[0]?.ending).toBe('aborted'))
})

it('a stream that never ends does not keep the gateway from stopping', async () => {
  const other = await startGatewaySystem()
  other.upstream.behave((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
  })
  const reader = (await (await other.loginAsProgram('alice')).get('/api/documents/events')).body?.getReader()
  expect((await reader?.read())?.done).toBe(false)
  const ended = reader?.read().catch((error: unknown) => error)
  const startedMs = performance.now()
  const stopping = other.stop()
  expect(await ended).toBeInstanceOf(Error)
  expect(performance.now() - startedMs).toBeLessThan(9_000)
  await stopping
})

it('a caller that stops reading a long answer is given up at the service too', async () => {
  const chunk = Buffer.alloc(64 * 1024)
  system.upstream.behave((_request, response) => {
    const write = (): void => {
      while (response.write(chunk));
    }
    response.on('drain', write)
    write()
  })
  const response = await program.get('/api/documents/1')
  await response.body?.cancel()
  await eventually(() => expect(system.upstream.arrivals[0]?.ending).toBe('aborted'))
})

it('a caller that reads slowly holds the service back, and gets every byte', async () => {
  const [chunk, chunks] = [Buffer.alloc(64 * 1024), 1_024]
  let written = 0
  system.upstream.behave((_request, response) => {
    response.writeHead(200, { 'content-length': chunk.length * chunks })
    const write = (): void => {
      while (written < chunks) {
        written += 1
        if (!response.write(chunk)) return void response.once('drain', write)
      }
      response.end()
    }
    write()
  })
  const response = await program.get('/api/documents/1')
  let before = -1
  await eventually(() => {
    const isHeldBack = written > 0 && written === before
    before = written
    expect(isHeldBack).toBe(true)
  })
  expect(written).toBeLessThan(chunks)
  expect((await response.arrayBuffer()).byteLength).toBe(chunk.length * chunks)
})
