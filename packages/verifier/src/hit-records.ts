/**
 * ② What a hit looks at, and nothing else: 32 bytes for each place of the session table, side by side in one array. Among
 * many sessions it is memory that a check waits for, and a look at another place costs as much as hashing the token.
 * Promise: what is found good here would be found good by looking at everything that decides (coherent-verifier.ts); where
 * that is not certain, it is not.
 */
import { hash } from 'node:crypto'
import type { Instant } from '@curfew/protocol'

/** Rounded down: 32 bits hold seconds of the wall clock until 2106. */
const SECOND_MS = 1_000

// The words of a record. The first four are 128 bits of the digest: nobody finds another token that has them.
const WORDS = 8
const CHANGES = 4
const QUIET_UNTIL_MONOTONIC_S = 5
const QUIET_UNTIL_WALL_S = 6
const TAG_AND_USE = 7

// The lowest two bits of the last word; the other thirty are the tag.
const NOT_TAKEN = 0
const TAKEN = 1
/** Second chance of the eviction: set by a use, cleared when the eviction passes by. */
const USED = 2
const USE_BITS = 2
const USE_MASK = 3

export class HitRecords {
  readonly #words: Int32Array

  constructor(places: number) {
    this.#words = new Int32Array(places * WORDS)
  }

  isTaken(place: number): boolean {
    return (this.#last(place) & USE_MASK) !== NOT_TAKEN
  }

  /** What the session table sorts by, of a place that is taken. */
  tagOf(place: number): number {
    return this.#last(place) >>> USE_BITS
  }

  /** By a session of which nothing has been found yet. @param tag of thirty bits */
  take(place: number, tag: number): void {
    this.#words[place * WORDS + TAG_AND_USE] = (tag << USE_BITS) | USED
  }

  giveUp(place: number): void {
    this.#words.fill(0, place * WORDS, (place + 1) * WORDS)
  }

  move(from: number, to: number): void {
    this.#words.copyWithin(to * WORDS, from * WORDS, (from + 1) * WORDS)
  }

  copyFrom(other: HitRecords, from: number, to: number): void {
    this.#words.set(other.#words.subarray(from * WORDS, (from + 1) * WORDS), to * WORDS)
  }

  /**
   * What a look at everything has found.
   * @param digest of the token that proved the session (`digestOf`)
   * @param changes the state of the log's facts, of 32 bits
   * @param quietUntil before then, by both clocks, the session reaches no limit, and nobody need be asked about it
   */
  found(place: number, digest: string, changes: number, quietUntil: Instant): void {
    const [words, at] = [this.#words, place * WORDS]
    for (let word = 0; word < CHANGES; word += 1) words[at + word] = wordAt(digest, word)
    words[at + CHANGES] = changes
    words[at + QUIET_UNTIL_MONOTONIC_S] = Math.floor(quietUntil.monotonicMs / SECOND_MS)
    words[at + QUIET_UNTIL_WALL_S] = Math.floor(quietUntil.wallMs / SECOND_MS)
  }

  /** What was found need not hold any more. */
  lookAgain(place: number): void {
    this.#words[place * WORDS + QUIET_UNTIL_MONOTONIC_S] = 0
  }

  /**
   * True for the digest of the token that last proved the session. That it is not compared in constant time is safe: timing
   * could reveal the stored digest, and knowing that does not help to find a token of 256 random bits.
   */
  isOf(place: number, digest: string): boolean {
    const [words, at] = [this.#words, place * WORDS]
    return (
      words[at] === wordAt(digest, 0) &&
      words[at + 1] === wordAt(digest, 1) &&
      words[at + 2] === wordAt(digest, 2) &&
      words[at + 3] === wordAt(digest, 3)
    )
  }

  /** False may mean the same: only a look at everything tells. */
  isGood(place: number, changes: number, { monotonicMs, wallMs }: Instant): boolean {
    const [words, at] = [this.#words, place * WORDS]
    return (
      words[at + CHANGES] === changes &&
      monotonicMs < (words[at + QUIET_UNTIL_MONOTONIC_S] ?? 0) * SECOND_MS &&
      wallMs < ((words[at + QUIET_UNTIL_WALL_S] ?? 0) >>> 0) * SECOND_MS
    )
  }

  use(place: number): void {
    this.#setUse(place, USED)
  }

  /** Whether it has been used since this was last asked. */
  takeUse(place: number): boolean {
    const isUsed = (this.#last(place) & USE_MASK) === USED
    if (isUsed) this.#setUse(place, TAKEN)
    return isUsed
  }

  #last(place: number): number {
    return this.#words[place * WORDS + TAG_AND_USE] ?? NOT_TAKEN
  }

  #setUse(place: number, use: number): void {
    this.#words[place * WORDS + TAG_AND_USE] = (this.#last(place) & ~USE_MASK) | use
  }
}

/** SHA-256, a character for each byte: of all forms that Node gives it in, the cheapest. */
export function digestOf(token: string): string {
  return hash('sha256', token, 'binary')
}

/** Four characters of one byte each. */
function wordAt(digest: string, word: number): number {
  const at = word * 4
  return (
    (digest.charCodeAt(at) << 24) |
    (digest.charCodeAt(at + 1) << 16) |
    (digest.charCodeAt(at + 2) << 8) |
    digest.charCodeAt(at + 3)
  )
}
