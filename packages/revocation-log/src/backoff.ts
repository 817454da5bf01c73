/**
 * ⑤ How long to wait before the next attempt.
 * Promise: the first follows at once, each later one after twice the time, up to a bound.
 */
const FIRST_MS = 100
const MOST_MS = 5_000

export class Backoff {
  #failures = 0

  /** In a row. */
  get failures(): number {
    return this.#failures
  }

  reset(): void {
    this.#failures = 0
  }

  /** Another attempt has failed. */
  nextMs(): number {
    this.#failures += 1
    return this.#failures === 1 ? 0 : Math.min(FIRST_MS * 2 ** (this.#failures - 2), MOST_MS)
  }
}
