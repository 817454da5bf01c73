/**
 * ⑤ How long leases are, as the log says, and the longest that may still be running.
 * Promise: a confirmation never waits for a shorter lease than somebody may hold, however often the length is changed.
 */
import type { Position } from '@curfew/contracts'
import { waitedMs, waitForMs, type Instant } from '@curfew/protocol'

/** What a `config` entry says. */
export interface LeaseLength {
  readonly position: Position
  readonly leaseMs: number
  readonly previousLeaseMs: number
}

export class LeaseLengths {
  #leaseMs: number
  #since: Position | undefined
  /** A lease of such a length may still be running until W after the change. */
  #before: { readonly leaseMs: number; readonly changedAt: Instant } | undefined

  /** @param leaseMs in force until the log says otherwise. */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs
  }

  get leaseMs(): number {
    return this.#leaseMs
  }

  /** The latest length that the log has announced; undefined while it has announced none. */
  get announced(): Pick<LeaseLength, 'leaseMs' | 'position'> | undefined {
    return this.#since === undefined ? undefined : { leaseMs: this.#leaseMs, position: this.#since }
  }

  /**
   * For a lease that names a barrier; undefined when the log has changed the length since: others who have read only as
   * far as the barrier would reckon with the one before.
   */
  at(barrier: Position): number | undefined {
    return this.#since !== undefined && barrier < this.#since ? undefined : this.#leaseMs
  }

  changed({ leaseMs, previousLeaseMs, position }: LeaseLength, now: Instant): void {
    // One change soon after another: what was running before the first may outlast both.
    this.#before = { leaseMs: Math.max(this.longestMs(now), previousLeaseMs), changedAt: now }
    this.#leaseMs = leaseMs
    this.#since = position
  }

  longestMs(now: Instant): number {
    if (this.#before === undefined) return this.#leaseMs
    const { leaseMs, changedAt } = this.#before
    if (waitedMs(changedAt, now) < waitForMs(leaseMs)) return Math.max(this.#leaseMs, leaseMs)
    this.#before = undefined
    return this.#leaseMs
  }

  /** W for the longest lease that may be in force. */
  waitMs(now: Instant): number {
    return waitForMs(this.longestMs(now))
  }
}
