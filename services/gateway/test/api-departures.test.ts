import { randomBytes } from 'node:crypto'
import { request } from 'node:http'

import { createCsrfTokens } from '@curfew/browser-boundary'
import { formatSessionToken, newSessionId, newSessionSecret, type Audience } from '@curfew/contracts'
import { curfewFastify } from '@curfew/fastify'
import { createHttpServer, createLogger, createMetrics, type CurfewServer } from '@curfew/service-kit'
import type { Verdict, VerifiedSession } from '@curfew/verifier'
import { Registry } from 'prom-client'
import { afterEach, beforeEach, expect, it } from 'vitest'

import { createRequestBodies } from '../src/adapters/request-bodies.ts'
import { createUpstream, type UpstreamConnections } from '../src/adapters/undici-upstream.ts'
import { addApiRoutes } from '../src/routes/api.ts'
import { createBoundary } from '../src/routes/boundary.ts'
import { createReports } from '../src/routes/reports.ts'
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts'

const id = newSessionId()
const token = formatSessionToken(id, newSessionSecret())
const admitted = { kind: 'admitted', session: { id, client: 'api' } as VerifiedSession } as const

let verdict: PromiseWithResolvers<Verdict>
let checked: PromiseWithResolvers<undefined>
let departed: PromiseWithResolvers<undefined>
let service: RecordingUpstream
let upstream: UpstreamConnections
let app: CurfewServer
let url: string

beforeEach(async () => {
  verdict = Promise.withResolvers()
  checked = Promise.withResolvers()
  departed = Promise.withResolvers()
  service = await startRecordingUpstream()
  upstream = createUpstream(service.origin, 60_000)
  const registry = createMetrics('gateway')
  const logger = createLogger({ service: 'gateway', level: 'fatal' })
  app = createHttpServer({ service: 'gateway', logger, registry, readiness: [] })
  const verifier = {
    check: () => {
      checked.resolve(undefined)
      return verdict.promise
    },
    relayCredentials: () => 'Bearer cfr_relay',
    authAgeMs: () => 0,
    watch: () => ({ signal: new AbortController().signal, release: () => undefined }),
    ready: true,
    close: () => Promise.resolve(),
  }
  app.addHook('onRequest', (_request, reply, done) => {
    reply.raw.once('close', () => departed.resolve(undefined))
    done()
  })
  await app.register(curfewFastify, { verifier })
  addApiRoutes(app, {
    boundary: createBoundary(app, {
      cookieName: '__Host-session',
      csrf: createCsrfTokens(randomBytes(32)),
      trustedOrigins: new Set(),
      guessing: { note: () => undefined, usedUp: () => undefined },
      reports: createReports({
        events: { record: () => undefined },
        registry: new Registry(),
        warn: () => undefined,
        nowMs: () => 0,
      }),
      nowMs: () => 0,
    }),
    verifier,
    upstreams: new Map([['documents' as Audience, upstream]]),
    bodies: createRequestBodies(1024),
  })
  url = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  await app.close()
  await upstream.close()
  await service.close()
})

it.each(['GET', 'PUT'])(
  'a caller that leaves while its session is checked reaches nobody: %s',
  async (method) => {
    const client = request(`${url}/api/documents/1`, {
      method,
      headers: { authorization: `Bearer ${token}` },
    })
    client.on('error', () => undefined)
    if (method === 'PUT') client.write('the beginning')
    else client.end()
    await checked.promise
    client.destroy()
    await departed.promise
    verdict.resolve(admitted)

    const response = await fetch(`${url}/api/documents/2`, { headers: { authorization: `Bearer ${token}` } })
    expect(response.status).toBe(200)
    expect(service.arrivals.map(({ url: path }) => path)).toEqual(['/documents/2'])
  },
)
