/**
 * ④ ⑤ Turns "it is in the log" into "nobody acts against it any more".
 * Promise: `confirmed` is said when every member that could hold a lease without the entry has acknowledged its effect,
 * or W has passed since this replica observed it; never earlier, at the latest then, and never while the log is in doubt.
 */
import type { MemberId } from '@curfew/contracts'
import { waitedMs, type Instant } from '@curfew/protocol'

import type { Counted } from './membership.ts'

export interface Confirmation {
  readonly confirmedBy: 'acknowledgement' | 'lease-expiry'
  readonly verifiers: { readonly total: number; readonly acknowledged: number; readonly lapsed: number }
}

/** Told, while a confirmation is waited for, by whom it is waited for and who has taken the entry into effect. */
export interface ConfirmationWatch {
  /** Once and first. Whoever has acknowledged by then is told of right after. */
  began(members: readonly Counted[]): void
  /** Or has left, and its lease before that. */
  acknowledged(member: MemberId): void
  /** Has not been heard of until its lease had run out. */
  lapsed(member: MemberId): void
}

/** Undefined: the time is up and the log is not followed, so that nothing can be said. */
export type Settle = (confirmation: Confirmation | undefined) => void

export interface AwaitedEntry {
  readonly seq: number
  /** Everyone who could hold a lease without the entry, with what they have acknowledged so far. */
  readonly members: readonly Counted[]
  readonly observedAt: Instant
  /** W for the longest lease that may be in force. */
  readonly waitMs: number
  /** It is known already that nobody acts without the entry: whoever has not acknowledged it has no lease any more. */
  readonly isKnown?: boolean
  readonly watch?: ConfirmationWatch | undefined
}

interface Pending {
  readonly seq: number
  readonly observedAt: Instant
  readonly waitMs: number
  readonly total: number
  readonly waitingFor: Set<MemberId>
  readonly watch: ConfirmationWatch | undefined
  readonly settle: Settle
}

export class Confirmations {
  readonly #pending = new Set<Pending>()
  #inDoubt = false

  /**
   * Starts waiting for one entry. Call it when this replica has applied the entry itself, with the members of that
   * moment or a later one: whoever joins after the entry is granted nothing older than it.
   */
  begin(entry: AwaitedEntry, settle: Settle): void {
    const { seq, members, observedAt, waitMs, isKnown = false, watch } = entry
    const waitingFor = new Set(members.filter(({ applied }) => applied < seq).map(({ id }) => id))
    const pending = { seq, observedAt, waitMs, total: members.length, waitingFor, watch, settle }
    this.#pending.add(pending)
    watch?.began(members)
    for (const { id } of members) if (!waitingFor.has(id)) watch?.acknowledged(id)
    if (isKnown && waitingFor.size > 0) this.#lapse(pending)
    else this.#settleIfAcknowledged(pending)
  }

  /** Acknowledgements are cumulative: one may complete several. */
  acknowledged(member: MemberId, applied: number): void {
    for (const pending of this.#pending) {
      if (applied >= pending.seq) this.#waitsNoMoreFor(member, pending)
    }
  }

  /** A member that left had dropped its lease first: nothing more is to be waited for from it. */
  left(member: MemberId): void {
    for (const pending of this.#pending) this.#waitsNoMoreFor(member, pending)
  }

  /** The log may not be what it was: acknowledgements are still noted, but nothing is concluded from them. */
  doubt(): void {
    this.#inDoubt = true
  }

  /** The log is followed again, and has been proven to be the one it was. */
  believe(): void {
    this.#inDoubt = false
    for (const pending of this.#pending) this.#settleIfAcknowledged(pending)
  }

  /** Settles what has waited long enough. Timers only call this; the clock decides (they may fire early). */
  expire(now: Instant): void {
    for (const pending of this.#pending) {
      if (waitedMs(pending.observedAt, now) >= pending.waitMs) this.#lapse(pending)
    }
  }

  /** Milliseconds until `expire` has something to do, or undefined when nothing waits. */
  nextExpiryMs(now: Instant): number | undefined {
    const remaining = [...this.#pending].map(({ observedAt, waitMs }) => waitMs - waitedMs(observedAt, now))
    return remaining.length === 0 ? undefined : Math.max(0, Math.min(...remaining))
  }

  #waitsNoMoreFor(member: MemberId, pending: Pending): void {
    if (!pending.waitingFor.delete(member)) return
    pending.watch?.acknowledged(member)
    this.#settleIfAcknowledged(pending)
  }

  #lapse(pending: Pending): void {
    const { total, waitingFor, watch } = pending
    const lapsed = waitingFor.size
    if (!this.#inDoubt) for (const id of waitingFor) watch?.lapsed(id)
    const verifiers = { total, acknowledged: total - lapsed, lapsed }
    this.#settle(pending, { confirmedBy: 'lease-expiry', verifiers })
  }

  #settleIfAcknowledged(pending: Pending): void {
    if (pending.waitingFor.size > 0 || this.#inDoubt) return
    this.#settle(pending, {
      confirmedBy: 'acknowledgement',
      verifiers: { total: pending.total, acknowledged: pending.total, lapsed: 0 },
    })
  }

  #settle(pending: Pending, confirmation: Confirmation): void {
    this.#pending.delete(pending)
    pending.settle(this.#inDoubt ? undefined : confirmation)
  }
}
