/** ② ⑤ How long to wait before the next attempt. Promise: each time twice as long, up to a bound. */
export interface BackoffTimes {
  readonly firstMs: number
  readonly mostMs: number
  /** The first retry follows at once; `firstMs` is before the second. */
  readonly startsAtOnce?: boolean
}

export class Backoff {
  readonly #times: BackoffTimes
  #failures = 0

  constructor(times: BackoffTimes) {
    this.#times = times
  }

  /** In a row. */
  get failures(): number {
    return this.#failures
  }

  reset(): void {
    this.#failures = 0
  }

  /** Another attempt has failed. */
  nextMs(): number {
    const { firstMs, mostMs, startsAtOnce = false } = this.#times
    this.#failures += 1
    const doublings = this.#failures - (startsAtOnce ? 2 : 1)
    return doublings < 0 ? 0 : Math.min(firstMs * 2 ** doublings, mostMs)
  }
}
