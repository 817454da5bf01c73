/**
 * ② What a hit looks at, and nothing else: 32 bytes for each place of the session table, side by side in one array. Among
 * many sessions it is memory that a check waits for, and a look at another place costs as much as hashing the token.
 * Promise: what is found good here would be found good by looking at everything that decides (coherent-verifier.ts); where
 * that is not certain, it is not.
 */
import { hash } from 'node:crypto'

import type { Instant } from '@curfew/revocation-log'

/** What a look at everything has found, and for how long nothing but the log can change it. */
export interface Found {
  /** Of the token that proved the session (`digestOf`). */
  readonly digest: string
  /** The state of the log's facts, a number that moves on (session-cache.ts). */
  readonly changes: number
  /** Before then, by both clocks, the session reaches no limit, and nobody need be asked about it. */
  readonly quietUntil: Instant
}

/** Rounded down: 32 bits hold seconds of the wall clock until 2106. */
const SECOND_MS = 1_000

// The words of a record. The first four are 128 bits of the digest: nobody finds another token that has them.
const WORDS = 8
const CHANGES = 4
const QUIET_UNTIL_MONOTONIC_S = 5
const QUIET_UNTIL_WALL_S = 6
const USE = 7

const NOT_TAKEN = 0
const TAKEN = 1
/** Second chance of the eviction: set by a use, cleared when the eviction passes by. */
const USED = 2

export class HitRecords {
  readonly #words: Int32Array

  constructor(places: number) {
    this.#words = new Int32Array(places * WORDS)
  }

  isTaken(place: number): boolean {
    return this.#words[place * WORDS + USE] !== NOT_TAKEN
  }

  /** By a session of which nothing has been found yet. */
  take(place: number): void {
    this.#words[place * WORDS + USE] = USED
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

  found(place: number, { digest, changes, quietUntil }: Found): void {
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
    this.#words[place * WORDS + USE] = USED
  }

  /** Whether it has been used since this was last asked. */
  takeUse(place: number): boolean {
    const at = place * WORDS + USE
    const isUsed = this.#words[at] === USED
    if (isUsed) this.#words[at] = TAKEN
    return isUsed
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
