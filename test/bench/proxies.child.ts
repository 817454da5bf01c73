/** ① A gateway, the same without the check, or somebody else's proxy: one of them in a process of its own. */
import { randomBytes } from 'node:crypto'

import { startHttpProxy } from '@curfew/bench-peers/http-proxy'
import type { Audience, ClientId } from '@curfew/contracts'
import { createHttpServer, createLogger, createMetrics } from '@curfew/service-kit'
import type { Verifier } from '@curfew/verifier'

import { createRequestBodies } from '../../services/gateway/src/adapters/request-bodies.ts'
import { createUpstream } from '../../services/gateway/src/adapters/undici-upstream.ts'
import { composeGateway } from '../../services/gateway/src/compose.ts'
import { addApiRoutes } from '../../services/gateway/src/routes/api.ts'
import { serveCommands } from './child.ts'
import { relayTokenOf } from './population.ts'

const DOCUMENTS = 'documents' as Audience
const SILENCE_TIMEOUT_MS = 30_000
const BODY_BYTES_MAX = 10_485_760
const ANYWHERE = { host: '127.0.0.1', port: 0 }

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
        isTrustedProxy: (address: string) => address === '127.0.0.1',
        corsOrigins: new Set<string>(),
        forwardAuthAudiences: new Set([DOCUMENTS]),
        recentAuthenticationSeconds: 900,
      }
      const composed = await composeGateway(config, createLogger({ service: 'gateway', level: 'info' }))
      started = { url: await composed.app.listen(ANYWHERE), close: () => composed.close() }
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

/** The proxy of the gateway, from the gateway's own parts, with nothing in front of it. */
async function startUnguarded(upstream: string): Promise<Started> {
  const app = createHttpServer({
    service: 'gateway',
    logger: createLogger({ service: 'gateway', level: 'info' }),
    registry: createMetrics('gateway'),
    readiness: [],
  })
  app.decorateRequest('session')
  const connections = createUpstream(upstream, SILENCE_TIMEOUT_MS)
  app.addHook('onClose', () => connections.close())
  const relayToken = relayTokenOf(0, DOCUMENTS)
  addApiRoutes(app, {
    boundary: {
      ownSite: [],
      liveSession: [],
      anySession: [],
      csrfFault: () => undefined,
      credential: () => ({ kind: 'none' }),
    },
    // Of a verifier, the proxy itself needs the value that it passes on.
    verifier: { relayToken: () => relayToken } as Partial<Verifier> as Verifier,
    upstreams: new Map([[DOCUMENTS, connections]]),
    bodies: createRequestBodies(BODY_BYTES_MAX),
  })
  return { url: await app.listen(ANYWHERE), close: () => app.close() }
}
