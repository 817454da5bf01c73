import type { Audience } from '@curfew/contracts'
import { curfewFastify } from '@curfew/fastify'
import { createHttpServer, createLogger, createMetrics } from '@curfew/service-kit'
import type { VerifiedSession, Verifier } from '@curfew/verifier'
import { describe, expect, it, vi } from 'vitest'

import { createHeadersForUpstream } from '../domain/relayed-headers.ts'
import type { UpstreamSink } from '../ports.ts'
import type { Boundary } from './boundary.ts'
import { addApiRoutes } from './api.ts'

/** A gateway before one service that answers `headers` and `piece`, and ends if the test says so. */
async function setUp(headers: Record<string, string>, piece: string) {
  const service = { sink: undefined as UpstreamSink | undefined, isGivenUp: false }
  const watches: AbortController[] = []
  const verifier: Verifier = {
    check: () => ({ kind: 'admitted', session: {} as VerifiedSession }),
    watch() {
      const controller = new AbortController()
      watches.push(controller)
      return { signal: controller.signal, release: () => undefined }
    },
    relayCredentials: () => 'Bearer cfr_x',
    authAgeMs: () => 0,
    ready: true,
    close: () => Promise.resolve(),
  }
  const logger = createLogger({ service: 'test', level: 'fatal' })
  const app = createHttpServer({
    service: 'test',
    logger,
    registry: createMetrics('test'),
    readiness: [],
    operations: { host: '127.0.0.1', port: 0 },
  })
  await app.register(curfewFastify, { verifier })
  addApiRoutes(app, {
    boundary: { liveSession: [app.requireSession] } as unknown as Boundary,
    verifier,
    upstreams: new Map([
      [
        'documents' as Audience,
        {
          origin: 'http://127.0.0.1:8082',
          forward(_request, sink) {
            service.sink = sink
            setImmediate(() => {
              sink.begins(200, headers)
              sink.takes(Buffer.from(piece))
            })
            return { resume: () => undefined, giveUp: () => void (service.isGivenUp = true) }
          },
        },
      ],
    ]),
    headersForUpstream: createHeadersForUpstream([]),
    isTrustedProxy: () => false,
    encodedSlashes: new Set(),
    bodies: { of: () => ({ stream: undefined, fault: undefined, underWay: Promise.resolve() }) },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const get = () => fetch(`${url}/api/documents/1`, { headers: { authorization: 'Bearer x' } })
  return { app, service, watches, get }
}

describe('an answer that goes on for long', () => {
  it.each([
    ['a stream of events', { 'content-type': 'text/event-stream' }],
    ['a download', { 'content-length': '1000000' }],
  ])('%s is cut on both sides when the session ends', async (_, headers) => {
    const { app, service, watches, get } = await setUp(headers, 'begun')
    const response = await get()
    expect(response.status).toBe(200)
    watches[0]?.abort()
    await expect(response.text()).rejects.toThrow(/terminated/)
    await vi.waitFor(() => expect(service.isGivenUp).toBe(true))
    await app.close()
  })
})

it('an answer of few bytes finishes, since its request was admitted', async () => {
  const { app, service, watches, get } = await setUp({ 'content-length': '5' }, 'whole')
  const response = await get()
  service.sink?.ends()
  expect(await response.text()).toBe('whole')
  expect(watches).toEqual([])
  await app.close()
})
