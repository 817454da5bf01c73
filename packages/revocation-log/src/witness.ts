/**
 * ⑤ What this process has seen of the log, and whether something new contradicts it.
 * Promise: an entry that is not the one seen in its place is noticed, as far back as the memory reaches.
 */

/** How many of the latest entries are remembered by id. */
export const REMEMBERED = 4_096

export class Witness {
  readonly #seen = new Map<number, { readonly id: string; subject: string | undefined }>()
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

  /** The entry `id` is at this sequence, about the entity of this subject if that is known; false when another one was. */
  holds(seq: number, id: string, subject?: string): boolean {
    this.raise(seq)
    const known = this.#seen.get(seq)
    if (known !== undefined) {
      if (known.id === id) known.subject ??= subject
      return known.id === id
    }
    this.#seen.set(seq, { id, subject })
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= REMEMBERED) break
      this.#seen.delete(oldest)
    }
    return true
  }

  /** What was applied from this sequence on. */
  *from(first: number): Generator<readonly [seq: number, subject: string]> {
    for (const [seq, { subject }] of this.#seen)
      if (seq >= first && subject !== undefined) yield [seq, subject]
  }
}
