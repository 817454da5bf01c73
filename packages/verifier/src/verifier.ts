/**
 * ② The verifier of one service: checks tokens by asking a replica of the session authority.
 * Promise: a check never rejects and never admits without an answer that was asked for after the check began.
 */
import { parseToken, type Audience, type RelayToken, type SessionToken } from '@curfew/contracts'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Registry } from 'prom-client'

import { createBatches, type BatchAnswer } from './batches.ts'
import { createEpochSource } from './epoch.ts'
import { isForAudience, judge } from './judge.ts'
import { createVerifierMetrics } from './metrics.ts'
import { createRelayTokens } from './relay-tokens.ts'
import { createResolver } from './resolver.ts'
import type { Verdict, Verifier, VerifierLogger } from './verdict.ts'

const RETRY_AFTER_MS = 1_000
/** Checks that wait for an answer; beyond this the service is overloaded and says so at once. */
const WAITING_MAX = 20_000

const MALFORMED: Verdict = { kind: 'refused', reason: 'malformed' }
const UNSURE: Verdict = { kind: 'unsure', retryAfterMs: RETRY_AFTER_MS }

export interface VerifierOptions {
  readonly nc: NatsConnection
  /** Which tokens are accepted: `gateway` meets the clients' own, every other audience its relay tokens. */
  readonly audience: Audience
  readonly registry?: Registry
  readonly logger: VerifierLogger
}

/** Resolves when a replica has answered or could not be reached at first; it goes on trying (`ready`). */
export async function createVerifier({ nc, audience, registry, logger }: VerifierOptions): Promise<Verifier> {
  const metrics = createVerifierMetrics(registry)
  const epoch = createEpochSource(nc, logger)
  const batches = createBatches({
    ask: createResolver({ nc, audience, epoch, metrics, logger }),
    nowMs: () => performance.now(),
    waitingMax: WAITING_MAX,
  })
  const relays = createRelayTokens()

  function check(text: string): Verdict | Promise<Verdict> {
    const token = parseToken(text)
    if (token === undefined || !isForAudience(token, audience)) return counted(MALFORMED)
    const answer = batches.resolve(token.sessionId)
    if (answer === undefined) return counted(UNSURE)
    return answer.then((found) => counted(verdictOn(token, found)))
  }

  function verdictOn(token: SessionToken | RelayToken, answer: BatchAnswer): Verdict {
    if (answer === undefined) return UNSURE
    const judgement = judge(token, answer.resolved, answer.elapsedMs)
    if (judgement.kind === 'refused') return judgement
    if (judgement.proof !== undefined) relays.remember(judgement.session, judgement.proof)
    return { kind: 'admitted', session: judgement.session }
  }

  function counted(verdict: Verdict): Verdict {
    metrics.checked(verdict)
    return verdict
  }

  await epoch.learn()
  return {
    check,
    relayToken: (session, forAudience) => relays.tokenFor(session, forAudience),
    get ready() {
      return epoch.answered
    },
    close() {
      epoch.close()
      batches.close()
      return Promise.resolve()
    },
  }
}
