/**
 * ⑤ What this process has seen of the log, and whether something new contradicts it.
 * Promise: an entry that is not the one seen in its place is noticed, as far back as the memory reaches.
 */

/** How many of the latest entries are remembered by id. */
export const REMEMBERED = 4_096

/** An entry that this process has applied. */
interface Applied {
  readonly subject: string
  /** From when on the log may have let it expire, on this process's monotonic clock; Infinity for an entry that stays. */
  readonly mayExpireAtMs: number
}

export class Witness {
  readonly #seen = new Map<number, { readonly id: string; applied: Applied | undefined }>()
  #highest: number

  constructor(highest: number) {
    this.#highest = highest
  }

  /** The greatest sequence known to have existed. */
  get highest(): number {
    return this.#highest
  }

  /** Something exists at this sequence, its content is not known yet. */
  raise(seq: number): void {
    this.#highest = Math.max(this.#highest, seq)
  }

  /** The entry `id` is at this sequence, and was applied if that is given; false when another one was there. */
  holds(seq: number, id: string, applied?: Applied): boolean {
    this.raise(seq)
    const known = this.#seen.get(seq)
    if (known !== undefined) {
      if (known.id === id) known.applied ??= applied
      return known.id === id
    }
    this.#seen.set(seq, { id, applied })
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= REMEMBERED) break
      this.#seen.delete(oldest)
    }
    return true
  }

  /** The entries applied from sequence `first` on that cannot have expired by `nowMs`. */
  *from(first: number, nowMs: number): Generator<readonly [seq: number, subject: string]> {
    for (const [seq, { applied }] of this.#seen)
      if (seq >= first && applied !== undefined && nowMs < applied.mayExpireAtMs) yield [seq, applied.subject]
  }
}
