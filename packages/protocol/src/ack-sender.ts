/**
 * ② ④ Tells replicas that entries have taken effect here.
 * Promise: an acknowledgement is sent after the effect, is cumulative, and goes to one replica at most every 4 ms.
 */
import type { MemberId } from '@curfew/contracts'

/**
 * About what a confirmation takes: who revokes one after the other never waits for this, who does so all at once shares
 * acknowledgements. A replica hears 250 a second of a verifier at most.
 */
const INTERVAL_MS = 4

interface Debt {
  sentAtMs: number
  /** What had been applied when the entry that asks came up; only something later pays the debt. */
  owedSince: number | undefined
}

export class AckSender {
  readonly #send: (replica: MemberId, applied: number) => void
  readonly #debts = new Map<MemberId, Debt>()
  #applied = 0
  #timer: NodeJS.Timeout | undefined

  constructor(send: (replica: MemberId, applied: number) => void) {
    this.#send = send
  }

  /** An entry that asks for an acknowledgement is taking effect. */
  owe(replica: MemberId): void {
    const debt = this.#debts.get(replica)
    if (debt) debt.owedSince = this.#applied
    else this.#debts.set(replica, { sentAtMs: -INTERVAL_MS, owedSince: this.#applied })
  }

  /** Everything up to here has taken effect. */
  applied(seq: number): void {
    this.#applied = seq
    this.#pay()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#debts.clear()
  }

  #pay(): void {
    const nowMs = performance.now()
    let nextMs: number | undefined
    for (const [replica, debt] of this.#debts) {
      const leftMs = debt.sentAtMs + INTERVAL_MS - nowMs
      if (leftMs > 0) {
        nextMs = Math.min(nextMs ?? leftMs, leftMs)
      } else if (debt.owedSince === undefined) {
        // A replica that has asked for nothing in the meantime is forgotten: they come and go.
        this.#debts.delete(replica)
      } else if (debt.owedSince < this.#applied) {
        debt.owedSince = undefined
        debt.sentAtMs = nowMs
        nextMs = Math.min(nextMs ?? INTERVAL_MS, INTERVAL_MS)
        this.#send(replica, this.#applied)
      }
    }
    clearTimeout(this.#timer)
    // Rounded up: a timer that fires early would only come round again.
    if (nextMs !== undefined) this.#timer = setTimeout(() => this.#pay(), Math.ceil(nextMs))
  }
}
