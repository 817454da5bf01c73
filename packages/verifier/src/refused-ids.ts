/**
 * ② Ids that a replica has refused: asking again would cost the store, not the guesser.
 * Promise: bounded in number and in time; what is remembered here was a verdict, never a failure to reach one.
 */
import type { SessionId } from '@curfew/contracts'
import { elapsedMs, type Instant } from '@curfew/protocol'

import type { RefusedReason } from './verdict.ts'

const REMEMBERED_MS = 5_000
const CAPACITY = 10_000

export class RefusedIds {
  readonly #refused = new Map<SessionId, { reason: RefusedReason; at: Instant }>()

  /** A suspension can be lifted, so it is asked about each time. */
  remember(id: SessionId, reason: RefusedReason, now: Instant): void {
    if (reason === 'suspended') return
    this.#refused.delete(id)
    this.#refused.set(id, { reason, at: now })
    const [oldest] = this.#refused.keys()
    if (this.#refused.size > CAPACITY && oldest !== undefined) this.#refused.delete(oldest)
  }

  reasonFor(id: SessionId, now: Instant): RefusedReason | undefined {
    const refused = this.#refused.get(id)
    if (refused === undefined) return undefined
    if (elapsedMs(refused.at, now) < REMEMBERED_MS) return refused.reason
    this.#refused.delete(id)
    return undefined
  }
}
