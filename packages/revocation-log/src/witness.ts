/**
 * ⑤ What this process has seen of the log, and whether something new contradicts it.
 * Promise: an entry that is not the one seen in its place is noticed, as far back as the memory reaches.
 */

/** How many of the latest entries are remembered by id. */
export const REMEMBERED = 4_096

export class Witness {
  readonly #ids = new Map<number, string>()
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

  /** The entry `id` is at this sequence; false when another one was. */
  holds(seq: number, id: string): boolean {
    this.raise(seq)
    const known = this.#ids.get(seq)
    if (known !== undefined) return known === id
    this.#ids.set(seq, id)
    for (const oldest of this.#ids.keys()) {
      if (this.#ids.size <= REMEMBERED) break
      this.#ids.delete(oldest)
    }
    return true
  }
}
