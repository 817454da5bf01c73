/**
 * ② The verifier of one service: the core, its place in the protocol and its checks, joined on one NATS connection.
 * Promise: a check never rejects, and is never admitted without a lease or an answer that was asked for after it began.
 */
import { GATEWAY_AUDIENCE, type Audience } from '@curfew/contracts'
import { systemClock } from '@curfew/protocol'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Registry } from 'prom-client'

import { Authority } from './authority.ts'
import { CachedSession } from './cached-session.ts'
import { Checks } from './checks.ts'
import { CoherentVerifier } from './coherent-verifier.ts'
import { Following } from './following.ts'
import { createVerifierMetrics } from './metrics.ts'
import { createRelayTokens } from './relay-tokens.ts'
import { SeenSecrets } from './seen-secrets.ts'
import type { Verifier, VerifierLogger } from './verdict.ts'
import { Watching } from './watching.ts'

const SESSIONS_MAX = 100_000

export interface VerifierOptions {
  readonly nc: NatsConnection
  /** Which tokens are accepted: `gateway` meets the clients' own, every other audience its relay tokens. */
  readonly audience: Audience
  readonly registry?: Registry
  readonly logger: VerifierLogger
}

/** Resolves with the first lease, or when the first try to get one has failed; it goes on trying. */
export async function createVerifier({ nc, audience, registry, logger }: VerifierOptions): Promise<Verifier> {
  const clock = systemClock
  const core = new CoherentVerifier({
    acceptsSessionTokens: audience === GATEWAY_AUDIENCE,
    maxSessions: SESSIONS_MAX,
    onSecretSeen: (seen) => seenSecrets.add(seen),
  })
  const metrics = createVerifierMetrics(registry, () => ({
    leaseRemainingMs: core.hasUsableLease(clock()) ? core.lease.remainingMs(clock()) : 0,
    applied: core.applied ?? 0,
    lag: following.lag,
    cachedSessions: core.cache.size,
    watches: watching.watches.size,
  }))
  const onResolved = (sessions: number, outcome: string): void => metrics.asked(sessions, outcome)
  const authority = new Authority({ nc, audience, logger, onResolved })
  const checks = new Checks({ core, authority, clock, metrics, watches: () => watching.watches })
  const watching: Watching = new Watching({
    core,
    clock,
    leaseMs: () => following.leaseMs,
    askAbout: (sessions) => checks.askAbout(sessions),
  })
  const following: Following = new Following({ nc, audience, core, authority, watching, clock, logger })
  const seenSecrets = new SeenSecrets({ clock, report: (seen) => authority.reportSecrets(seen) })
  const relays = createRelayTokens(audience)
  let isClosed = false

  watching.start()
  await following.start()
  return {
    check: (token, options) => checks.check(token, options),
    watch(session, options) {
      if (session instanceof CachedSession) return watching.watch(session, options)
      throw new Error('only a session that a verifier has admitted can be watched')
    },
    relayCredentials: (session, forAudience) => relays.credentialsFor(session, forAudience),
    authAgeMs(session) {
      if (session instanceof CachedSession) return session.authAgeMs(clock())
      throw new Error(
        'only of a session that a verifier has admitted it is known when somebody authenticated',
      )
    },
    get ready() {
      return !isClosed && (authority.isReachable || core.hasUsableLease(clock()))
    },
    async close() {
      isClosed = true
      seenSecrets.close()
      checks.close()
      const left = following.close()
      watching.close()
      await left
    },
  }
}
