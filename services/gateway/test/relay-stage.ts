/** ① /api before one recording service, in this process and without the servers behind the gateway: the test says who is admitted. */
import { randomBytes } from 'node:crypto'

import { createCsrfTokens } from '@curfew/browser-boundary'
import { formatSessionToken, newSessionId, newSessionSecret, type Audience } from '@curfew/contracts'
import { curfewFastify } from '@curfew/fastify'
import { createHttpServer, createLogger, createMetrics, type CurfewServer } from '@curfew/service-kit'
import type { Verdict, VerifiedSession } from '@curfew/verifier'
import { Registry } from 'prom-client'

import { createRequestBodies } from '../src/adapters/request-bodies.ts'
import { createUpstream } from '../src/adapters/undici-upstream.ts'
import { createHeadersForUpstream } from '../src/domain/relayed-headers.ts'
import { addApiRoutes } from '../src/routes/api.ts'
import { createBoundary } from '../src/routes/boundary.ts'
import { createReports } from '../src/routes/reports.ts'
import { startRecordingUpstream, type RecordingUpstream } from './recording-upstream.ts'

const BODY_BYTES_MAX = 1024 * 1024

export interface RelayStage extends AsyncDisposable {
  readonly app: CurfewServer
  readonly url: string
  readonly service: RecordingUpstream
  /** Ends every session: what watches one hears of it. */
  endSessions(): void
}

/** A token and the session that it is for. */
export function newToken(): { token: string; session: VerifiedSession } {
  const id = newSessionId()
  const token = formatSessionToken(id, newSessionSecret())
  return { token, session: { id, client: 'api' } as VerifiedSession }
}

export async function setRelayStage(
  check: (token: string) => Verdict | Promise<Verdict>,
  isTrustedProxy = (_address: string): boolean => false,
): Promise<RelayStage> {
  const service = await startRecordingUpstream()
  const upstream = createUpstream(service.origin, 60_000)
  const registry = createMetrics('gateway')
  const logger = createLogger({ service: 'gateway', level: 'fatal' })
  const app = createHttpServer({
    service: 'gateway',
    logger,
    registry,
    readiness: [],
    operations: { host: '127.0.0.1', port: 0 },
    isTrustedProxy,
  })
  const ended = new AbortController()
  const verifier = {
    check,
    relayCredentials: () => 'Bearer cfr_relay',
    authAgeMs: () => 0,
    watch: () => ({ signal: ended.signal, release: () => undefined }),
    ready: true,
    close: () => Promise.resolve(),
  }
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
    upstreams: new Map([
      ['documents' as Audience, upstream],
      ['files' as Audience, upstream],
    ]),
    bodies: createRequestBodies(BODY_BYTES_MAX),
    headersForUpstream: createHeadersForUpstream(['x-user-preference']),
    isTrustedProxy,
    encodedSlashes: new Set(['files' as Audience]),
  })
  return {
    app,
    url: await app.listen({ host: '127.0.0.1', port: 0 }),
    service,
    endSessions: () => ended.abort(),
    async [Symbol.asyncDispose]() {
      await app.close()
      await upstream.close()
      await service.close()
    },
  }
}
