import { once } from 'node:events'
import { Readable } from 'node:stream'

import { afterEach, describe, expect, it, vi } from 'vitest'

import { createMetrics, Problem } from '../src/index.ts'
import { connectionsOf, exchange, open, operationsPortOf, portOf, request } from './raw-http.ts'
import { recordedServer, type RecordedServer } from './recorded-server.ts'

const PLANTED = 'planted-secret-7Qm'

let server: RecordedServer

afterEach(() => server.app.close())

async function listening(
  addRoutes: (app: RecordedServer['app']) => void,
  registry = createMetrics('test'),
): Promise<number> {
  server = recordedServer({ registry })
  addRoutes(server.app)
  await server.app.listen({ host: '127.0.0.1', port: 0 })
  return portOf(server.app)
}

function linesOfRequest(id: string): Record<string, unknown>[] {
  return server.lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ requestId }) => requestId === id)
}

describe('a request', () => {
  it('has one line, with its route instead of its URL', async () => {
    const port = await listening((app) => app.get('/documents/:id', () => ({})))
    await exchange(port, request(`/documents/${PLANTED}?q=${PLANTED}`, { headers: { 'x-request-id': 'r1' } }))
    await vi.waitUntil(() => server.requests().length > 0)
    expect(server.requests()).toEqual([
      {
        level: 'info',
        time: expect.any(String),
        service: 'test',
        event: 'http.request',
        requestId: 'r1',
        method: 'GET',
        route: '/documents/:id',
        status: 200,
        durationMs: expect.any(Number),
      },
    ])
  })

  it('that is refused has the code in its line', async () => {
    const port = await listening((app) =>
      app.get('/x', () => Promise.reject(new Problem('forbidden', PLANTED))),
    )
    await exchange(port, request('/x'))
    await vi.waitUntil(() => server.requests().length > 0)
    expect(server.requests()).toMatchObject([{ level: 'info', status: 403, code: 'forbidden' }])
  })

  it('that is refused costs one line, in which everything is that was said of it', async () => {
    const port = await listening((app) =>
      app.get('/x', (incoming) => {
        incoming.log.warn({ event: 'session.check.refused', reason: 'unknown', sessionId: 's1' })
        incoming.log.warn({ event: 'request.throttled', policy: 'token-guesses', token: PLANTED })
        throw new Problem('too-many-requests')
      }),
    )
    await exchange(port, request('/x', { headers: { 'x-request-id': 'r1' } }))
    await vi.waitUntil(() => linesOfRequest('r1').length > 0)
    expect(linesOfRequest('r1')).toEqual([
      {
        level: 'warn',
        time: expect.any(String),
        service: 'test',
        event: 'request.throttled',
        requestId: 'r1',
        method: 'GET',
        route: '/x',
        status: 429,
        durationMs: expect.any(Number),
        code: 'too-many-requests',
        policy: 'token-guesses',
        token: '[redacted]',
        after: [{ event: 'session.check.refused', reason: 'unknown', sessionId: 's1' }],
      },
    ])
  })

  it('that goes on after something was refused to it has both lines', async () => {
    const port = await listening((app) =>
      app.get('/x', (incoming) => {
        incoming.log.warn({ event: 'session.check.refused', reason: 'unknown' })
        return {}
      }),
    )
    await exchange(port, request('/x', { headers: { 'x-request-id': 'r1' } }))
    await vi.waitUntil(() => linesOfRequest('r1').length > 1)
    expect(linesOfRequest('r1')).toMatchObject([
      { event: 'session.check.refused', reason: 'unknown', requestId: 'r1' },
      { event: 'http.request', status: 200 },
    ])
  })

  it('that fails for a lost dependency is a warning that names it', async () => {
    const lost = Object.assign(new Error('get: timed out'), {
      name: 'RedisUnavailable',
      code: 'REDIS_UNAVAILABLE',
    })
    const port = await listening((app) => app.get('/x', () => Promise.reject(lost)))
    await exchange(port, request('/x'))
    await vi.waitUntil(() => server.requests().length > 0)
    expect(server.requests()).toMatchObject([
      {
        level: 'warn',
        status: 503,
        code: 'unavailable',
        err: { type: 'RedisUnavailable', code: 'REDIS_UNAVAILABLE' },
      },
    ])
  })

  it('whose caller goes away is counted as that, and not as answered', async () => {
    const arrived = Promise.withResolvers<void>()
    const port = await listening((app) =>
      app.get('/x', () => {
        arrived.resolve()
        return new Promise(() => {})
      }),
    )
    const socket = await open(port)
    socket.write(request('/x'))
    await arrived.promise
    socket.destroy()
    await vi.waitUntil(() => server.requests().length > 0)
    expect(server.requests()).toMatchObject([{ route: '/x', status: 499, aborted: true }])
  })

  it('whose response breaks off is marked, with the reason in the log', async () => {
    const port = await listening((app) =>
      app.get('/x', (_, reply) => {
        const body = Readable.from(
          (async function* () {
            yield 'beginning'
            throw new Error('the disk is gone')
          })(),
        )
        return reply.type('text/plain').send(body)
      }),
    )
    await exchange(port, request('/x'))
    await vi.waitUntil(() => server.requests().length > 0)
    expect(server.requests()).toMatchObject([{ status: 200, aborted: true }])
    expect(server.lines.join('')).toContain('"event":"http.response.broken"')
    expect(server.lines.join('')).toContain('the disk is gone')
  })

  it('is measured by method, route pattern and status only', async () => {
    const registry = createMetrics('test')
    const port = await listening((app) => app.get('/documents/:id', () => ({})), registry)
    await exchange(port, request('/documents/42'))
    await exchange(port, request(`/${PLANTED}`))
    await exchange(port, request(`/%zz${PLANTED}`))
    await vi.waitUntil(() => server.requests().length === 3)
    const { headers, body } = await exchange(operationsPortOf(server.app), request('/metrics'))
    expect(headers['content-type']).toContain('text/plain')
    expect(body).toContain(
      'http_request_duration_seconds_count{service="test",method="GET",route="/documents/:id",status="200"} 1',
    )
    expect(body).toContain(
      'http_request_duration_seconds_count{service="test",method="GET",route="unmatched",status="404"} 1',
    )
    expect(body).toContain('process_cpu_user_seconds_total{service="test"}')
    expect(body).not.toContain(PLANTED)
  })
})

describe('no secret of a request reaches the log', () => {
  const secretive = {
    authorization: `Bearer ${PLANTED}`,
    cookie: `__Host-session=${PLANTED}`,
    'x-csrf-token': PLANTED,
    'x-request-id': `${PLANTED} is not an id`,
    'x-anything': PLANTED,
  }
  const body = JSON.stringify({ password: PLANTED, [PLANTED]: PLANTED })

  it.each([
    ['that succeeds', '/echo', body],
    ['that is not valid', '/strict', body],
    ['that is no JSON', '/strict', `{"password":"${PLANTED}`],
    ['that is too large', '/strict', JSON.stringify(PLANTED.repeat(5_000))],
    ['whose handler throws', '/throws', body],
    ['whose handler answers twice', '/twice', body],
    ['whose handler logs the request', '/logs', body],
    ['that leads nowhere', `/${PLANTED}`, body],
    ['that is no URL', `/%zz${PLANTED}`, body],
    ['that is not HTTP', `/ ${PLANTED}`, body],
  ])('%s', async (_, target, text) => {
    const port = await listening((app) => {
      app.post('/echo', { schema: { body: { type: 'object' } } }, ({ body: echoed }) => echoed)
      app.post(
        '/strict',
        { schema: { body: { type: 'object', properties: {}, additionalProperties: false } } },
        () => ({}),
      )
      app.post('/throws', () => Promise.reject(new Error('unforeseen')))
      app.post('/twice', (__, reply) => {
        void reply.send({})
        void reply.send({})
      })
      app.post('/logs', (req, reply) => {
        req.log.info(
          {
            event: 'test.logged',
            req,
            res: reply,
            headers: { ...req.headers, 'x-anything': '', 'x-request-id': '' },
            body: { password: PLANTED },
          },
          req.url,
        )
        return {}
      })
    })
    const bytes = request(`${target}?token=${PLANTED}`, { method: 'POST', headers: secretive, body: text })
    await exchange(port, bytes)
    await vi.waitUntil(() => server.lines.some((line) => line.includes('"http.re')))
    expect(server.lines.join('')).not.toContain(PLANTED)
  })

  it('whose headers are too large', async () => {
    const port = await listening(() => undefined)
    await exchange(port, request('/', { headers: { cookie: PLANTED.repeat(1_000) } }))
    await vi.waitUntil(() => server.lines.some((line) => line.includes('http.rejected')))
    expect(server.lines.join('')).not.toContain(PLANTED)
  })

  it('that never ends', async () => {
    const port = await listening((app) => app.post('/x', () => ({})))
    const socket = await open(port)
    socket.write(
      `POST /x?token=${PLANTED} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"${PLANTED}`,
    )
    await vi.waitUntil(async () => (await connectionsOf(server.app)) === 1)
    socket.destroy()
    await once(socket, 'close')
    await vi.waitUntil(() => server.requests().length > 0)
    expect(server.lines.join('')).not.toContain(PLANTED)
  })
})
