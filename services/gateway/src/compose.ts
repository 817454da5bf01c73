/**
 * ① Joins the gateway: the only place where adapters are made.
 * Promise: what was opened is closed again, in the opposite order, also when the start fails half way.
 */
import { addOwnHeaders, createCsrfTokens } from '@curfew/browser-boundary'
import { GATEWAY_AUDIENCE, type Audience } from '@curfew/contracts'
import { curfewFastify } from '@curfew/fastify'
import { connectMessaging, isConnected } from '@curfew/messaging'
import { createHttpServer, createMetrics, type CurfewServer, type Logger } from '@curfew/service-kit'
import { createVerifier, type Verifier } from '@curfew/verifier'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Registry } from 'prom-client'

import { createAccountsBucket } from './adapters/accounts-bucket.ts'
import { readAccounts } from './adapters/accounts-file.ts'
import { createArgon2Passwords, standardPasswordLimits } from './adapters/argon2-passwords.ts'
import { readCommonPasswords } from './adapters/common-passwords.ts'
import { createKvAccounts } from './adapters/kv-accounts.ts'
import { createSecurityEvents, type SecurityEventSender } from './adapters/nats-security-events.ts'
import { createSessionAuthority } from './adapters/nats-session-authority.ts'
import { createNatsThrottle } from './adapters/nats-throttle.ts'
import { readPageFiles } from './adapters/page-files.ts'
import { createRequestBodies } from './adapters/request-bodies.ts'
import { createUpstream, type UpstreamConnections } from './adapters/undici-upstream.ts'
import { addAccountRoutes } from './compose-account.ts'
import type { GatewayConfig } from './config.ts'
import { createLoginBudget } from './domain/login-budget.ts'
import { createAttemptThrottle, type AttemptThrottle } from './domain/attempt-throttle.ts'
import { tokenOf } from './domain/credential.ts'
import { deriveKeys } from './domain/derived-keys.ts'
import { createDeviceProofs } from './domain/device-cookie.ts'
import { createHeadersForUpstream } from './domain/relayed-headers.ts'
import { createPasswordRules } from './domain/password-rules.ts'
import { createTokenGuessing, isGuess } from './domain/token-guessing.ts'
import type { Accounts, Throttle } from './ports.ts'
import { addApiRoutes } from './routes/api.ts'
import { createBoundary } from './routes/boundary.ts'
import { callerOf } from './routes/caller.ts'
import { corsHeaders, preflightHeaders } from './routes/cors.ts'
import { addForwardAuthRoute, isForwardAuth } from './routes/forward-auth.ts'
import { describePublicFace } from './routes/describe.ts'
import { addLoginRoute } from './routes/login.ts'
import { addLogoutRoute } from './routes/logout.ts'
import { addPasswordRoute } from './routes/password.ts'
import { createReports } from './routes/reports.ts'
import { addSessionRoute } from './routes/session.ts'

export interface Overrides {
  /** Instead of the one that checks, which is not made then: to see what checking costs. */
  readonly verifier?: Verifier
}

export interface Gateway {
  readonly app: CurfewServer
  close(): Promise<void>
}

/** An upload at the body limit over a slow line; shorter silences have limits of their own. */
const REQUEST_TIMEOUT_MS = 300_000
/** Less than the ten seconds that a process has for stopping. */
const DRAIN_MS = 6_000

/** @throws ConfigError for a faulty accounts file, and what the connection to NATS rejects with */
export async function composeGateway(
  config: GatewayConfig,
  logger: Logger,
  overrides: Overrides = {},
): Promise<Gateway> {
  const file = await readAccounts(config.accountsFile)
  const nc = await connectMessaging({ url: config.natsUrl, name: 'gateway', logger })
  try {
    await createAccountsBucket(nc)
    const accounts = await createKvAccounts(nc, file)
    return await composeOn(nc, accounts, { config, logger, overrides })
  } catch (error) {
    await nc.close()
    throw error
  }
}

async function composeOn(
  nc: NatsConnection,
  accounts: Accounts,
  { config, logger, overrides }: { config: GatewayConfig; logger: Logger; overrides: Overrides },
): Promise<Gateway> {
  const registry = createMetrics('gateway')
  const verifier =
    overrides.verifier ?? (await createVerifier({ nc, audience: GATEWAY_AUDIENCE, registry, logger }))
  const events = createSecurityEvents({ nc, registry, logger })
  const upstreams = new Map<Audience, UpstreamConnections>()
  for (const [name, origin] of config.upstreams)
    upstreams.set(name, createUpstream(origin, config.upstreamTimeoutMs))

  const app = createHttpServer({
    service: 'gateway',
    logger,
    registry,
    operations: config.operations,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    isTrustedProxy: config.isTrustedProxy,
    answerHeaders: corsHeaders(config.corsOrigins),
    answerPreflight: preflightHeaders(config.corsOrigins),
    readiness: [
      { name: 'nats', check: () => isConnected(nc) || 'not connected' },
      { name: 'verifier', check: () => verifier.ready || 'no session service answers' },
    ],
  })
  await addRoutes(app, config, { accounts, nc, verifier, upstreams, events, registry, logger })
  return {
    app,
    async close() {
      await closeInOrder(app, [...upstreams.values()])
      await verifier.close()
      await events.close()
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
  readonly events: SecurityEventSender
  readonly registry: Registry
  readonly logger: Logger
}

const nowMs = (): number => Date.now()

async function addRoutes(app: CurfewServer, config: GatewayConfig, parts: Parts): Promise<void> {
  const { accounts, nc, verifier, upstreams, events, registry } = parts
  const { cookieName, programmaticClients, defaultTenant, corsOrigins, limits, isTrustedProxy } = config
  const keys = deriveKeys(config.csrfKey)
  const csrf = createCsrfTokens(keys.csrf)
  const authority = createSessionAuthority(nc)
  const passwords = createArgon2Passwords(standardPasswordLimits())
  const throttle = createNatsThrottle(nc, keys.pseudonym)
  const attempts = limitAttempts(throttle, limits)
  const budget = createLoginBudget(throttle, limits.accountLoginsPerDay)
  const rules = createPasswordRules({
    lengthMin: config.passwordLengthMin,
    commonPasswords: readCommonPasswords(),
  })
  const reports = createReports({ events, registry, warn: (fields) => parts.logger.warn(fields), nowMs })
  const guessing = createTokenGuessing({
    throttle,
    perAddressAndMinute: limits.tokenGuessesPerMinute,
    nowMs,
    onGuessing: (address) => reports.tokenGuessing(address),
    onFailure: (err) => parts.logger.warn({ event: 'token.guesses.uncounted', err }),
  })
  const trustedOrigins = corsOrigins
  const boundary = createBoundary(app, { cookieName, csrf, trustedOrigins, guessing, reports, nowMs })

  addOwnHeaders(app, { isForOtherHost: isForwardAuth })
  await describePublicFace(app, cookieName)
  await app.register(curfewFastify, {
    verifier,
    credential: (request) => tokenOf(boundary.credential(request)),
    onRefused: (request, reason) => {
      if (isGuess(reason)) guessing.note(callerOf(request).addressKey)
    },
  })
  const ports = { accounts, passwords, authority, attempts, budget }
  const files = await readPageFiles({
    asksForTenant: defaultTenant === undefined,
    hasDocuments: config.filesOrigin !== undefined,
  })
  addLoginRoute(app, {
    boundary,
    ports,
    verifier,
    csrf,
    cookieName,
    programmaticClients,
    defaultTenant,
    isTrustedProxy,
    devices: createDeviceProofs(keys.device),
    returnOrigins: config.returnOrigins,
    signInPage: files.signIn,
    guessing,
    reports,
    nowMs,
  })
  addLogoutRoute(app, { boundary, authority, verifier, cookieName, reports })
  addSessionRoute(app, boundary, csrf)
  addPasswordRoute(app, { boundary, ports: { ...ports, rules }, csrf, cookieName, reports })
  const { forwardAuthAudiences: audiences } = config
  addForwardAuthRoute(app, { boundary, verifier, audiences, isTrustedProxy })
  addAccountRoutes(app, config, { ports, boundary, csrf, verifier, nc, reports, files })
  addApiRoutes(app, { boundary, verifier, upstreams, ...relayingOf(config) })
}

function relayingOf(config: GatewayConfig) {
  return {
    bodies: createRequestBodies(config.bodyBytesMax),
    headersForUpstream: createHeadersForUpstream(config.relayedHeaders),
    isTrustedProxy: config.isTrustedProxy,
    encodedSlashes: config.encodedSlashes,
  }
}

function limitAttempts(throttle: Throttle, limits: GatewayConfig['limits']): AttemptThrottle {
  const { loginsPerMinute: perMinute, loginFailuresFree: failuresFree } = limits
  const { loginChancesPerMinute: chancesPerMinute } = limits
  return createAttemptThrottle(throttle, { perMinute, failuresFree, chancesPerMinute }, Math.random)
}
