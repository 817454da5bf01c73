/**
 * ⑤ Keeps what the feed brings while the reader catches up.
 * Promise: bounded; what did not fit is not forgotten but reported (`overflowed`), so that it is fetched instead.
 */

export interface BufferLimits {
  readonly entries: number
  readonly characters: number
}

const LIMITS: BufferLimits = { entries: 16_384, characters: 16 * 1024 * 1024 }

export class FeedBuffer {
  readonly #limits: BufferLimits
  readonly #entries = new Map<number, string>()
  #characters = 0
  #overflowed = false

  constructor(limits: BufferLimits = LIMITS) {
    this.#limits = limits
  }

  get size(): number {
    return this.#entries.size
  }

  /** Something was turned away since the last `clear`. */
  get overflowed(): boolean {
    return this.#overflowed
  }

  put(seq: number, json: string): void {
    if (this.#entries.has(seq)) return
    if (
      this.#entries.size >= this.#limits.entries ||
      this.#characters + json.length > this.#limits.characters
    ) {
      this.#overflowed = true
      return
    }
    this.#entries.set(seq, json)
    this.#characters += json.length
  }

  take(seq: number): string | undefined {
    const json = this.#entries.get(seq)
    if (json === undefined) return undefined
    this.#entries.delete(seq)
    this.#characters -= json.length
    return json
  }

  /** Forgets what has been applied by other means. */
  dropThrough(seq: number): void {
    for (const held of this.#entries.keys()) if (held <= seq) this.take(held)
  }

  clear(): void {
    this.#entries.clear()
    this.#characters = 0
    this.#overflowed = false
  }
}
