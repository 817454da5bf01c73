/** ① A gateway, the same without the check, or somebody else's proxy: one of them in a process of its own. */
import { randomBytes } from 'node:crypto'

import { startHttpProxy } from '@curfew/bench-peers/http-proxy'
import type { Audience, ClientId } from '@curfew/contracts'
import { addOwnHeaders, createCsrfTokens } from '@curfew/browser-boundary'
import { curfewFastify } from '@curfew/fastify'
import { createHttpServer, createLogger, createMetrics, type CurfewServer } from '@curfew/service-kit'
import type { VerifiedSession, Verifier } from '@curfew/verifier'

import { createRequestBodies } from '../../services/gateway/src/adapters/request-bodies.ts'
import { createUpstream } from '../../services/gateway/src/adapters/undici-upstream.ts'
import { composeGateway } from '../../services/gateway/src/compose.ts'
import { tokenOf } from '../../services/gateway/src/domain/credential.ts'
import { addApiRoutes, type ApiRoutes } from '../../services/gateway/src/routes/api.ts'
import { createBoundary } from '../../services/gateway/src/routes/boundary.ts'
import { addCors } from '../../services/gateway/src/routes/cors.ts'
import type { Reports } from '../../services/gateway/src/routes/reports.ts'
import { serveCommands } from './child.ts'
import { relayTokenOf, sessionIdOf } from './population.ts'

const DOCUMENTS = 'documents' as Audience
const SILENCE_TIMEOUT_MS = 30_000
const BODY_BYTES_MAX = 10_485_760
const ANYWHERE = { host: '127.0.0.1', port: 0 }

const isTrustedProxy = (address: string): boolean => address === '127.0.0.1'

interface Started {
  readonly url: string
  close(): Promise<unknown>
}

let started: Started | undefined

export const commands = serveCommands(
  {
    async gateway({
      upstream,
      natsUrl,
      accountsFile,
    }: {
      upstream: string
      natsUrl: string
      accountsFile: string
    }) {
      const config = {
        listen: ANYWHERE,
        operations: undefined,
        logLevel: 'info',
        natsUrl,
        accountsFile,
        csrfKey: randomBytes(32),
        upstreams: new Map([[DOCUMENTS, upstream]]),
        upstreamTimeoutMs: SILENCE_TIMEOUT_MS,
        bodyBytesMax: BODY_BYTES_MAX,
        cookieName: '__Host-session',
        programmaticClients: new Set(['api' as ClientId]),
        defaultTenant: undefined,
        filesOrigin: undefined,
        passwordLengthMin: 15,
        limits: { loginsPerMinute: 60, loginFailuresFree: 5, tokenGuessesPerMinute: 60 },
        isTrustedProxy,
        corsOrigins: new Set<string>(),
        forwardAuthAudiences: new Set([DOCUMENTS]),
        recentAuthenticationSeconds: 900,
      }
      const composed = await composeGateway(config, createLogger({ service: 'gateway', level: 'info' }))
      started = { url: await composed.app.listen(ANYWHERE), close: () => composed.close() }
      return started.url
    },
    async unchecked({ upstream }: { upstream: string }) {
      started = await startUnchecked(upstream)
      return started.url
    },
    async unguarded({ upstream }: { upstream: string }) {
      started = await startUnguarded(upstream)
      return started.url
    },
    async httpProxy({ upstream }: { upstream: string }) {
      started = await startHttpProxy(upstream)
      return started.url
    },
  },
  () => started?.close(),
)

/** All that a proxied request goes through in the gateway, but every token is taken for that of the same session. */
async function startUnchecked(upstream: string): Promise<Started> {
  const app = createGatewayServer()
  const session = { id: sessionIdOf(0), client: 'api' as ClientId } as VerifiedSession
  const verifier = takingAllFor(session)
  const boundary = createBoundary(app, {
    cookieName: '__Host-session',
    csrf: createCsrfTokens(randomBytes(32)),
    trustedOrigins: new Set<string>(),
    guessing: { note: () => undefined, usedUp: () => undefined },
    reports: {} as Reports,
    nowMs: Date.now,
  })
  addOwnHeaders(app)
  addCors(app, new Set())
  await app.register(curfewFastify, {
    verifier,
    credential: (request) => tokenOf(boundary.credential(request)),
  })
  return startProxy(app, upstream, { boundary, verifier })
}

/** The proxy of the gateway, from the gateway's own parts, with nothing in front of it. */
async function startUnguarded(upstream: string): Promise<Started> {
  const app = createGatewayServer()
  app.decorateRequest('session')
  const boundary = {
    ownSite: [],
    liveSession: [],
    anySession: [],
    csrfFault: () => undefined,
    credential: () => ({ kind: 'none' }) as const,
  }
  return startProxy(app, upstream, { boundary, verifier: takingAllFor({} as VerifiedSession) })
}

function createGatewayServer(): CurfewServer {
  return createHttpServer({
    service: 'gateway',
    logger: createLogger({ service: 'gateway', level: 'info' }),
    registry: createMetrics('gateway'),
    requestTimeoutMs: 300_000,
    isTrustedProxy,
    readiness: [],
  })
}

function takingAllFor(session: VerifiedSession): Verifier {
  const admitted = { kind: 'admitted', session } as const
  const relayToken = relayTokenOf(0, DOCUMENTS)
  return { check: () => admitted, relayToken: () => relayToken } as Partial<Verifier> as Verifier
}

async function startProxy(
  app: CurfewServer,
  upstream: string,
  parts: Pick<ApiRoutes, 'boundary' | 'verifier'>,
): Promise<Started> {
  const connections = createUpstream(upstream, SILENCE_TIMEOUT_MS)
  app.addHook('onClose', () => connections.close())
  const upstreams = new Map([[DOCUMENTS, connections]])
  addApiRoutes(app, { ...parts, upstreams, bodies: createRequestBodies(BODY_BYTES_MAX) })
  return { url: await app.listen(ANYWHERE), close: () => app.close() }
}
