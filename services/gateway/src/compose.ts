/**
 * ① Joins the gateway: the only place where adapters are made.
 * Promise: what was opened is closed again, in the opposite order, also when the start fails half way.
 */
import { GATEWAY_AUDIENCE, type Audience } from '@curfew/contracts'
import { curfewFastify } from '@curfew/fastify'
import { connectMessaging, isConnected } from '@curfew/messaging'
import { createHttpServer, createMetrics, type CurfewServer, type Logger } from '@curfew/service-kit'
import { createVerifier, type Verifier } from '@curfew/verifier'
import type { NatsConnection } from '@nats-io/transport-node'

import { readAccounts } from './adapters/accounts-file.ts'
import { createArgon2Passwords, standardPasswordLimits } from './adapters/argon2-passwords.ts'
import { createSessionAuthority } from './adapters/nats-session-authority.ts'
import { createRequestBodies } from './adapters/request-bodies.ts'
import { createUpstream, type UpstreamConnections } from './adapters/undici-upstream.ts'
import type { GatewayConfig } from './config.ts'
import { createCsrfTokens } from './domain/csrf-tokens.ts'
import type { Accounts } from './ports.ts'
import { addApiRoutes } from './routes/api.ts'
import { createBoundary } from './routes/boundary.ts'
import { addLoginRoute } from './routes/login.ts'
import { addLogoutRoute } from './routes/logout.ts'
import { addSessionRoute } from './routes/session.ts'

export interface Gateway {
  readonly app: CurfewServer
  close(): Promise<void>
}

/** An upload at the body limit over a slow line; shorter silences have limits of their own. */
const REQUEST_TIMEOUT_MS = 300_000
/** Less than the ten seconds that a process has for stopping. */
const DRAIN_MS = 6_000
const HSTS = 'max-age=31536000; includeSubDomains'

/** @throws ConfigError for a faulty accounts file, and what the connection to NATS rejects with */
export async function composeGateway(config: GatewayConfig, logger: Logger): Promise<Gateway> {
  const accounts = await readAccounts(config.accountsFile)
  const nc = await connectMessaging({ url: config.natsUrl, name: 'gateway', logger })
  try {
    return await composeOn(nc, accounts, { config, logger })
  } catch (error) {
    await nc.close()
    throw error
  }
}

async function composeOn(
  nc: NatsConnection,
  accounts: Accounts,
  { config, logger }: { readonly config: GatewayConfig; readonly logger: Logger },
): Promise<Gateway> {
  const registry = createMetrics('gateway')
  const verifier = await createVerifier({ nc, audience: GATEWAY_AUDIENCE, registry, logger })
  const upstreams = new Map<Audience, UpstreamConnections>()
  for (const [name, origin] of config.upstreams)
    upstreams.set(name, createUpstream(origin, config.upstreamTimeoutMs))

  const app = createHttpServer({
    service: 'gateway',
    logger,
    registry,
    operations: config.operations,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    readiness: [
      { name: 'nats', check: () => isConnected(nc) || 'not connected' },
      { name: 'verifier', check: () => verifier.ready || 'no session service answers' },
    ],
  })
  await addRoutes(app, config, { accounts, nc, verifier, upstreams })
  return {
    app,
    async close() {
      await closeInOrder(app, [...upstreams.values()])
      await verifier.close()
      // Nothing is under way any more; a drain would fail where the server has gone first.
      await nc.close()
    },
  }
}

/** Answers under way may end by themselves; streams that never do are cut off in time for the rest to be closed. */
async function closeInOrder(app: CurfewServer, upstreams: readonly UpstreamConnections[]): Promise<void> {
  const cutOff = async (): Promise<void> => {
    await Promise.all(upstreams.map((upstream) => upstream.close()))
  }
  const timer = setTimeout(() => void cutOff(), DRAIN_MS)
  await app.close()
  clearTimeout(timer)
  await cutOff()
}

interface Parts {
  readonly accounts: Accounts
  readonly nc: NatsConnection
  readonly verifier: Verifier
  readonly upstreams: ReadonlyMap<Audience, UpstreamConnections>
}

async function addRoutes(app: CurfewServer, config: GatewayConfig, parts: Parts): Promise<void> {
  const { accounts, nc, verifier, upstreams } = parts
  const { cookieName, programmaticClients, defaultTenant } = config
  const csrf = createCsrfTokens(config.csrfKey)
  const boundary = createBoundary(app, cookieName, csrf)
  const authority = createSessionAuthority(nc)
  const passwords = createArgon2Passwords(standardPasswordLimits())

  // Over plain HTTP browsers ignore it; the proxy that ends TLS passes it on.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('strict-transport-security', HSTS)
    done()
  })
  await app.register(curfewFastify, {
    verifier,
    credential: (request) => {
      const credential = boundary.credential(request)
      return 'token' in credential ? credential.token : undefined
    },
  })
  const ports = { accounts, passwords, authority }
  addLoginRoute(app, { boundary, ports, verifier, csrf, cookieName, programmaticClients, defaultTenant })
  addLogoutRoute(app, { boundary, authority, verifier, cookieName })
  addSessionRoute(app, boundary, csrf)
  addApiRoutes(app, { boundary, verifier, upstreams, bodies: createRequestBodies(config.bodyBytesMax) })
}
