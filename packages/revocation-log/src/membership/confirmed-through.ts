/**
 * ④ ⑤ How far this replica knows the log to be confirmed, whoever asked for it.
 * Promise: nobody acts any more without what is up to here; one number is enough, because who has applied an entry has
 * applied everything before it, and a lease that lacks an entry lacks everything after it.
 */
import { waitedMs, type Instant } from '@curfew/protocol'

export class ConfirmedThrough {
  #seq = 0
  /** Counts as confirmed once W has passed since. */
  #mark: { readonly seq: number; readonly at: Instant } | undefined

  covers(seq: number): boolean {
    return seq <= this.#seq
  }

  confirmed(seq: number): void {
    this.#seq = Math.max(this.#seq, seq)
  }

  /** Asked now and then while the log is followed: what was applied W ago needs nobody's acknowledgement. */
  look(applied: number, now: Instant, waitMs: number): void {
    if (this.#mark && waitedMs(this.#mark.at, now) < waitMs) return
    if (this.#mark) this.confirmed(this.#mark.seq)
    this.#mark = { seq: applied, at: now }
  }

  /** The log is not followed: time that passes proves nothing. */
  doubt(): void {
    this.#mark = undefined
  }
}
