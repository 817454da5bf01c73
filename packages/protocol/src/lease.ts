/**
 * The holder's side of a lease: may this process answer ALLOW from memory at this instant?
 * Promise: only if it asked less than L(1 − ρ) ago, and has applied everything that was in the log when it asked.
 */
import { elapsedMs, type Instant } from './elapsed.ts'
import { usableForMs } from './timing.ts'

/** What a replica answers to a renewal. */
export interface Grant {
  readonly epoch: number
  /** Sequence of a barrier that was published after the request arrived. */
  readonly barrier: number
  readonly leaseMs: number
}

interface Held extends Grant {
  readonly sentAt: Instant
}

/** Requests whose answer never came are forgotten beyond this many: only the newest can still help. */
const MAX_OUTSTANDING = 8

export class LeaseHolder {
  readonly #outstanding = new Map<string, Instant>()
  #held: Held | undefined
  /** Granted, but its barrier has not been applied here yet; until then the lease before it still counts. */
  #next: Held | undefined

  /** Notes a renewal before it is sent. The lease counts from here, not from the answer. */
  requested(nonce: string, sentAt: Instant): void {
    this.#outstanding.set(nonce, sentAt)
    const [oldest] = this.#outstanding.keys()
    if (this.#outstanding.size > MAX_OUTSTANDING && oldest !== undefined) this.#outstanding.delete(oldest)
  }

  /** Takes an answer; one that nobody waits for (repeated, forged, from before a drop) changes nothing. */
  granted(nonce: string, grant: Grant): void {
    const sentAt = this.#outstanding.get(nonce)
    if (sentAt === undefined) return
    this.#outstanding.delete(nonce)
    // Answers overtake each other: an older request never replaces a newer one's lease.
    const newest = this.#next ?? this.#held
    if (newest && sentAt.monotonicMs < newest.sentAt.monotonicMs) return
    this.#next = { ...grant, sentAt }
  }

  /** Ends the lease at once and disowns every answer still under way: what doubt, leaving and epochs do. */
  drop(): void {
    this.#held = undefined
    this.#next = undefined
    this.#outstanding.clear()
  }

  /** True while memory may be trusted by a process that has applied the log up to `applied`. */
  isUsable(now: Instant, applied: number): boolean {
    if (this.#next !== undefined && applied >= this.#next.barrier) {
      this.#held = this.#next
      this.#next = undefined
    }
    return this.#held !== undefined && applied >= this.#held.barrier && this.#remainingMs(this.#held, now) > 0
  }

  /** For gauges and for pacing: 0 when there is none. */
  remainingMs(now: Instant): number {
    const newest = this.#next ?? this.#held
    return newest === undefined ? 0 : Math.max(0, this.#remainingMs(newest, now))
  }

  #remainingMs(held: Held, now: Instant): number {
    return usableForMs(held.leaseMs) - elapsedMs(held.sentAt, now)
  }
}
