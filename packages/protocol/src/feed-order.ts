/**
 * ⑤ Puts right what the feed brings in a wrong order: a server republishes outside the lock under which it stores, so that
 * entries of two writers may overtake each other (seen with nats-server 2.9.10: by one place, within a millisecond).
 * Promise: entries come out in the order of their sequences if they arrive soon after each other; what is missing for longer
 * is not waited for, and its gap is passed on as it is.
 */

/** Far longer than entries overtake each other, and too short to matter to a lease. */
const WITHIN_MS = 100
/** Beyond this it is no overtaking. */
const HELD_MOST = 64

export class FeedOrder<T> {
  readonly #deliver: (seq: number, item: T) => void
  readonly #early = new Map<number, T>()
  #next: number | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(deliver: (seq: number, item: T) => void) {
    this.#deliver = deliver
  }

  take(seq: number, item: T): void {
    // What comes too late or twice is for the receiver to judge.
    if (this.#next === undefined || seq <= this.#next) this.#pass(seq, item)
    else this.#early.set(seq, item)
    this.#passWhatFollows()
    if (this.#early.size > HELD_MOST) this.#passEverything()
    if (this.#early.size > 0 && !this.#isClosed)
      this.#timer ??= setTimeout(() => this.#passEverything(), WITHIN_MS)
  }

  /** What is held is dropped; nothing is delivered any more. */
  close(): void {
    this.#isClosed = true
    this.#early.clear()
    this.#stopWaiting()
  }

  #pass(seq: number, item: T): void {
    if (this.#isClosed) return
    this.#next = Math.max(this.#next ?? 0, seq + 1)
    this.#deliver(seq, item)
  }

  #passWhatFollows(): void {
    while (this.#next !== undefined && this.#early.has(this.#next)) {
      const item = this.#early.get(this.#next) as T
      this.#early.delete(this.#next)
      this.#pass(this.#next, item)
    }
    if (this.#early.size === 0) this.#stopWaiting()
  }

  #passEverything(): void {
    this.#stopWaiting()
    const waiting = [...this.#early].toSorted(([one], [other]) => one - other)
    this.#early.clear()
    for (const [seq, item] of waiting) this.#pass(seq, item)
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
