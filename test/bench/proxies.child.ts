/** ① A gateway, the same without the check, or somebody else's proxy: one of them in a process of its own. */
import { randomBytes } from 'node:crypto'

import { startHttpProxy } from '@curfew/bench-peers/http-proxy'
import type { Audience, ClientId } from '@curfew/contracts'
import { createHttpServer, createLogger, createMetrics } from '@curfew/service-kit'
import type { VerifiedSession, Verifier } from '@curfew/verifier'

import { createRequestBodies } from '../../services/gateway/src/adapters/request-bodies.ts'
import { createHeadersForUpstream } from '../../services/gateway/src/domain/relayed-headers.ts'
import { createUpstream } from '../../services/gateway/src/adapters/undici-upstream.ts'
import { composeGateway, type Overrides } from '../../services/gateway/src/compose.ts'
import { addApiRoutes } from '../../services/gateway/src/routes/api.ts'
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

export interface GatewayOptions {
  readonly upstream: string
  readonly natsUrl: string
  readonly accountsFile: string
}

export const commands = serveCommands(
  {
    gateway: (options: GatewayOptions) => startGateway(options, {}),
    /** Every token is taken for that of the same session. */
    unchecked: (options: GatewayOptions) =>
      startGateway(options, {
        verifier: takingAllFor({ id: sessionIdOf(0), client: 'api' as ClientId } as VerifiedSession),
      }),
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

async function startGateway(
  { upstream, natsUrl, accountsFile }: GatewayOptions,
  overrides: Overrides,
): Promise<string> {
  const config = {
    listen: ANYWHERE,
    operations: ANYWHERE,
    drainDelayMs: 0,
    encodedSlashes: new Set<never>(),
    relayedHeaders: [],
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
    limits: {
      loginsPerMinute: 60,
      accountLoginsPerDay: 100_000,
      loginFailuresFree: 5,
      loginChancesPerMinute: 0,
      tokenGuessesPerMinute: 60,
    },
    isTrustedProxy,
    corsOrigins: new Set<string>(),
    returnOrigins: new Set<string>(),
    forwardAuthAudiences: new Set([DOCUMENTS]),
    recentAuthenticationSeconds: 900,
  }
  const logger = createLogger({ service: 'gateway', level: 'info' })
  const composed = await composeGateway(config, logger, overrides)
  started = { url: await composed.app.listen(ANYWHERE), close: () => composed.close() }
  return started.url
}

/** The proxy of the gateway, from the gateway's own parts, with nothing in front of it. */
async function startUnguarded(upstream: string): Promise<Started> {
  const app = createHttpServer({
    service: 'gateway',
    logger: createLogger({ service: 'gateway', level: 'info' }),
    registry: createMetrics('gateway'),
    requestTimeoutMs: 300_000,
    isTrustedProxy,
    operations: ANYWHERE,
    readiness: [],
  })
  const session = { id: 'everybody' } as unknown as VerifiedSession
  app.decorateRequest('session', { getter: () => session })
  const boundary = {
    ownSite: [],
    liveSession: [],
    anySession: [],
    csrfFault: () => undefined,
    originFault: () => undefined,
    credential: () => ({ kind: 'none' }) as const,
  }
  const connections = createUpstream(upstream, SILENCE_TIMEOUT_MS)
  app.addHook('onClose', () => connections.close())
  addApiRoutes(app, {
    boundary,
    verifier: takingAllFor(session),
    upstreams: new Map([[DOCUMENTS, connections]]),
    bodies: createRequestBodies(BODY_BYTES_MAX),
    headersForUpstream: createHeadersForUpstream([]),
    isTrustedProxy,
    encodedSlashes: new Set(),
  })
  return { url: await app.listen(ANYWHERE), close: () => app.close() }
}

function takingAllFor(session: VerifiedSession): Verifier {
  const admitted = { kind: 'admitted', session } as const
  const relayCredentials = `Bearer ${relayTokenOf(0, DOCUMENTS)}`
  return {
    check: () => admitted,
    relayCredentials: () => relayCredentials,
    ready: true,
    close: () => Promise.resolve(),
  } as Partial<Verifier> as Verifier
}
