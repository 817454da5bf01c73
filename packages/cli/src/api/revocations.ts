import { setTimeout as sleep } from 'node:timers/promises'

import type { ProblemCode } from '@curfew/contracts'
/**
 * A revocation, or the approval of one, until the outcome is known.
 * Promise: whatever is lost on the way, it is sent under the name that makes it one revocation, however often it is sent.
 */
import { Backoff } from '@curfew/protocol'

import type { Operator, OperatorCall } from '../account/operator.ts'
import { EXIT } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import {
  KnownRevocationAnswer,
  RevocationAnswer,
  type RevocationResult,
  type ScopeShown,
  type SessionCount,
} from './answers.ts'
import { NoAnswer, Refusal, segment } from './http.ts'
import { isNotDone, sendWatched, type Looking } from './watched-change.ts'

export interface RevocationRequest {
  readonly scope: ScopeShown
  readonly reason: string
  readonly except_current?: true
}

export interface SendingOptions extends Omit<Looking, 'timeoutMs'> {
  /** No further attempt is begun after this. */
  readonly patienceMs: number
}

/** Where nothing can have arrived, somebody should hear of it soon. */
const UNREACHABLE_MS = 5_000
const RETRY = { firstMs: 300, mostMs: 5_000 }

/**
 * Sends it, and again where no answer came or the answer is that nobody knows yet, until it is confirmed or patience ends. What
 * waits for somebody else is answered at once.
 *
 * @param call harmless to repeat: with an idempotency key, or the approval of what has one
 * @throws Refusal; NoAnswer where it certainly has not been recorded; Failure where nobody knows; the signal's reason
 */
export async function sendUntilConfirmed(
  operator: Operator,
  call: OperatorCall,
  options: SendingOptions,
): Promise<RevocationResult> {
  const { progress, signal, onProgress, patienceMs } = options
  const startedAt = performance.now()
  const backoff = new Backoff(RETRY)
  for (;;) {
    const outcome = await attempt(operator, call, options)
    if ('result' in outcome && isSettled(outcome.result)) return outcome.result
    const endsAt = startedAt + (progress.isSent ? patienceMs : Math.min(patienceMs, UNREACHABLE_MS))
    const pauseMs = backoff.nextMs()
    if (performance.now() + pauseMs > endsAt) {
      if ('result' in outcome) return outcome.result
      throw progress.isSent ? unknown(outcome.failure) : outcome.failure
    }
    progress.trouble = 'result' in outcome ? undefined : outcome.failure.message
    onProgress()
    await sleep(pauseMs, undefined, { signal })
    progress.trouble = undefined
  }
}

function isSettled({ state }: RevocationResult): boolean {
  return state !== 'recorded' && state !== 'unknown'
}

type Outcome = { readonly result: RevocationResult } | { readonly failure: Failure }

async function attempt(
  operator: Operator,
  call: OperatorCall,
  { patienceMs, ...looking }: SendingOptions,
): Promise<Outcome> {
  const wasSent = looking.progress.isSent
  try {
    const result = await sendWatched(operator, RevocationAnswer, call, { ...looking, timeoutMs: patienceMs })
    return { result }
  } catch (error) {
    if (error instanceof NoAnswer) return { failure: error }
    if (!(error instanceof Refusal)) throw error
    if (isNotDone(error) && !wasSent) throw error
    if (error.status >= 500 || error.status === 429) return { failure: error }
    // The attempt before may have ended this very session.
    if (wasSent && error.code === ('unauthenticated' satisfies ProblemCode)) throw unknown(error)
    throw error
  }
}

/** A replica counts for two seconds. */
const COUNTED_WITHIN_MS = 4_000
const COUNT_AGAIN_MS = 200

/**
 * How many sessions a revocation ended, where that is counted after the answer. Undefined where it is not known in time, or not to
 * this operator, or where the own session is among them: none of that changes what has happened.
 */
export async function countEnded(
  operator: Operator,
  id: string,
  signal: AbortSignal,
): Promise<SessionCount | undefined> {
  const call = { method: 'GET', path: `/v1/revocations/${segment(id)}`, signal } as const
  const endsAt = performance.now() + COUNTED_WITHIN_MS
  try {
    for (;;) {
      const { ended } = (await operator.for(KnownRevocationAnswer, call)).body
      if (ended !== null) return ended
      if (performance.now() > endsAt) return undefined
      await sleep(COUNT_AGAIN_MS, undefined, { signal })
    }
  } catch (error) {
    if (signal.aborted || error instanceof Failure) return undefined
    throw error
  }
}

function unknown(cause: Failure): Failure {
  return new Failure(EXIT.unconfirmed, `It is not known whether this holds: ${cause.message}`, {
    code: 'unknown',
    requestId: cause.requestId,
    cause,
  })
}
