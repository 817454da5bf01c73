/**
 * ⑤ What a reading must meet again of what had been seen before.
 * Promise: an entry that has gone, without a later one about the same entity in its place, is missed. The log may have been
 * put back and have grown again; what stands where it was may be superseded by now, so that nothing contradicts it.
 */
export class Rereading {
  readonly #missing: Map<number, string>
  readonly #latest = new Map<string, number>()

  /** @param seen the subject of what was at each sequence from which on is read */
  constructor(seen: Iterable<readonly [seq: number, subject: string]>) {
    this.#missing = new Map(seen)
  }

  /** In order: by the reading, and then by the feed, up to a barrier from after the reading. */
  met(seq: number, subject: string): void {
    this.#missing.delete(seq)
    this.#latest.set(subject, seq)
  }

  /** Where something was that is gone; to be asked at that barrier. */
  get lost(): number | undefined {
    for (const [seq, subject] of this.#missing) if ((this.#latest.get(subject) ?? 0) < seq) return seq
    return undefined
  }
}
