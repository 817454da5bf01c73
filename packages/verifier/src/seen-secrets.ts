/**
 * ① ② Tells the authority what the gateway saw of secrets in a time of change.
 * Promise: no check waits for it; in the order seen, again until it is heard or too old to matter; bounded.
 */
import type { SecretHash } from '@curfew/contracts'
import { Backoff, waitedMs, type Clock } from '@curfew/protocol'

import type { SeenSecret } from './authority.ts'
import type { Presented } from './coherent-verifier.ts'

export interface SeenSecretsOptions {
  readonly clock: Clock
  /** True when the authority has heard it; never rejects. */
  readonly report: (seen: SeenSecret[]) => Promise<boolean>
}

/** As many as one question holds. */
const AT_ONCE = 64
const WAITING_MAX = 1_000
const RETRY = { firstMs: 100, mostMs: 2_000 }
/** By then the overlap has ended by itself, and who has a predecessor will have tried again. */
const TOLD_WITHIN_MS = 60_000

export class SeenSecrets {
  readonly #options: SeenSecretsOptions
  #waiting: Presented[] = []
  #isReporting = false
  #isClosed = false
  readonly #retry = new Backoff(RETRY)

  constructor(options: SeenSecretsOptions) {
    this.#options = options
  }

  add(seen: Presented): void {
    if (this.#isClosed || this.#waiting.length >= WAITING_MAX) return
    // Somebody who repeats himself is told of once at a time.
    const isWaiting = this.#waiting.some(
      ({ sessionId, proof }) => sessionId === seen.sessionId && proof === seen.proof,
    )
    if (isWaiting) return
    this.#waiting.push(seen)
    if (!this.#isReporting) void this.#reportAll()
  }

  close(): void {
    this.#isClosed = true
    this.#waiting = []
  }

  async #reportAll(): Promise<void> {
    this.#isReporting = true
    while (this.#waiting.length > 0) await this.#reportSome()
    this.#isReporting = false
  }

  async #reportSome(): Promise<void> {
    const { clock, report } = this.#options
    const now = clock()
    this.#waiting = this.#waiting.filter(({ beganAt }) => waitedMs(beganAt, now) <= TOLD_WITHIN_MS)
    const some = this.#waiting.slice(0, AT_ONCE)
    if (some.length === 0) return
    const isHeard = await report(
      some.map(({ sessionId, proof, beganAt }) => ({
        session: sessionId,
        // Only the gateway reports, and what it compares are hashes of secrets.
        secretHash: proof as SecretHash,
        agoMs: Math.max(0, Math.round(waitedMs(beganAt, now))),
      })),
    )
    if (isHeard) {
      this.#waiting = this.#waiting.filter((each) => !some.includes(each))
      this.#retry.reset()
      return
    }
    await new Promise((resolve) => setTimeout(resolve, this.#retry.nextMs()).unref())
  }
}
