/**
 * ② Asks the session authority about up to 256 sessions at once.
 * Promise: no answer is passed on unless it is an answer to exactly what was asked.
 */
import { RESOLVE, resolveSubject, type Audience, type Resolved, type SessionId } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import { codeOf, type EpochSource } from './epoch.ts'
import type { VerifierMetrics } from './metrics.ts'
import type { VerifierLogger } from './verdict.ts'

const RESOLVE_TIMEOUT_MS = 2_000

export interface ResolverOptions {
  readonly nc: NatsConnection
  readonly audience: Audience
  readonly epoch: EpochSource
  readonly metrics: VerifierMetrics
  readonly logger: VerifierLogger
}

/** Undefined where there is no answer; never rejects. */
export function createResolver({ nc, audience, epoch, metrics, logger }: ResolverOptions) {
  // An outage fails every request; it is told once when it begins and once when it is over.
  let failing: string | undefined

  function turned(outcome: string): void {
    if (outcome === failing || (outcome === 'ok' && failing === undefined)) return
    if (outcome === 'ok') logger.info({ event: 'verifier.resolve.recovered' })
    else logger.warn({ event: 'verifier.resolve.failed', code: outcome })
    failing = outcome === 'ok' ? undefined : outcome
  }

  return async (sessions: readonly SessionId[]): Promise<readonly Resolved[] | undefined> => {
    const current = epoch.current
    if (current === undefined) return undefined
    const { outcome, answers } = await askReplica(nc, resolveSubject(current, audience), sessions)
    metrics.asked(sessions.length, outcome)
    turned(outcome)
    // Nobody serves this epoch, or nobody answers: another epoch may be in force by now.
    if (outcome === 'unavailable' || outcome === 'timeout') void epoch.learn()
    return answers
  }
}

async function askReplica(
  nc: NatsConnection,
  subject: string,
  sessions: readonly SessionId[],
): Promise<{ outcome: string; answers?: readonly Resolved[] }> {
  try {
    const question = { sessions: [...sessions] }
    const answer = await ask(nc, RESOLVE, subject, question, { timeoutMs: RESOLVE_TIMEOUT_MS })
    return isAnswerTo(sessions, answer.sessions)
      ? { outcome: 'ok', answers: answer.sessions }
      : { outcome: 'malformed' }
  } catch (error) {
    return { outcome: codeOf(error) }
  }
}

/** Answers come by order alone: one too few or one swapped would hand a session to somebody else's token. */
function isAnswerTo(asked: readonly SessionId[], answers: readonly Resolved[]): boolean {
  return (
    answers.length === asked.length &&
    answers.every((answer, index) => answer.status === 'refused' || answer.session.id === asked[index])
  )
}
