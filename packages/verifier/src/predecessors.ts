/**
 * ② The secrets that a session had before its present one, and for how long the latest of them is still accepted.
 * Promise: what was cut short here stays so, whatever an authority answers that has not heard of it yet.
 */
import { ROTATION_IN_FLIGHT_MS } from '@curfew/contracts'
import { elapsedMs, type Instant } from '@curfew/protocol'

import type { SessionFact } from './session-fact.ts'

/**
 * What a proof is to a session. `previous`: of the secret before, within its time. `lapsed`: the same, its time having run
 * out since the session was read. `predecessor`: of a secret whose time was over by then.
 */
export type ProofStanding = 'current' | 'previous' | 'lapsed' | 'predecessor' | 'unknown'

const NONE: readonly string[] = []

export class Predecessors {
  readonly #askedAt: Instant
  /** The latest first. */
  readonly #proofs: readonly string[]
  /** Of the time of the latest, from when the session was asked about. */
  #remainingMs: number
  /** When the present proof was first seen here, where that has cut the time short. */
  #firstUsedAt: Instant | undefined
  #isOpen: boolean

  constructor({ answer, askedAt }: SessionFact, firstUsedAt: Instant | undefined) {
    const { predecessors = NONE, overlapRemainingMs: remainingMs = 0 } = answer
    this.#askedAt = askedAt
    this.#proofs = predecessors
    this.#firstUsedAt = firstUsedAt
    this.#remainingMs =
      firstUsedAt === undefined ? remainingMs : Math.min(remainingMs, inFlightEndMs(askedAt, firstUsedAt))
    this.#isOpen = firstUsedAt === undefined && remainingMs > 0 && predecessors.length > 0
  }

  /** @returns undefined for a session that has always had the same secret */
  static from(fact: SessionFact, known: Predecessors | undefined): Predecessors | undefined {
    const firstUsedAt = known === undefined ? undefined : known.#firstUsedAt
    const hasAny = firstUsedAt !== undefined || (fact.answer.predecessors ?? NONE).length > 0
    return hasAny ? new Predecessors(fact, firstUsedAt) : undefined
  }

  /** The latest is still accepted, and the first use of the present proof will cut that short. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** @param at when the check began that presents it, which may be before the session was asked about */
  standingOf(proof: string, at: Instant): ProofStanding {
    const index = this.#proofs.indexOf(proof)
    if (index === -1) return 'unknown'
    if (index > 0) return 'predecessor'
    if (elapsedMs(this.#askedAt, at) < this.#remainingMs) return 'previous'
    return this.#remainingMs > 0 || this.#firstUsedAt !== undefined ? 'lapsed' : 'predecessor'
  }

  /** The present proof has been used. @returns false when the time of the one before is over as soon in any case */
  cut(now: Instant): boolean {
    this.#isOpen = false
    const endMs = inFlightEndMs(this.#askedAt, now)
    if (endMs >= this.#remainingMs) return false
    this.#firstUsedAt = now
    this.#remainingMs = endMs
    return true
  }
}

/** Until when, counted from the question, requests with the proof before may be on their way. */
function inFlightEndMs(askedAt: Instant, firstUsedAt: Instant): number {
  return elapsedMs(askedAt, firstUsedAt) + ROTATION_IN_FLIGHT_MS
}
