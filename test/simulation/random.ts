/** Chance that a seed decides: mulberry32. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  /** A whole number in [from, to]. */
  whole(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1))
  }

  /** Mostly near `from`, seldom near `to`. */
  skewed(from: number, to: number): number {
    return from + this.next() ** 4 * (to - from)
  }

  pick<T>(of: readonly T[]): T {
    if (of.length === 0) throw new RangeError('nothing to pick from')
    return of[Math.floor(this.next() * of.length)] as T
  }

  /** One of the keys, by their weights. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const all = Object.entries(weights) as [K, number][]
    let left = this.next() * all.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of all) if ((left -= weight) < 0) return key
    return (all.at(-1) as [K, number])[0]
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.whole(0, 255)))
  }

  /** Another chance that goes its own way. */
  split(): Random {
    return new Random(Math.floor(this.next() * 4_294_967_296))
  }
}
