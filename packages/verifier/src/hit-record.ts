/**
 * ② What a hit looks at, and nothing else. Among many sessions each look at another place in memory costs as much as hashing
 * the token; so these come first in a session, and as small integers, which stand in the object itself.
 * Promise: what is found here would be found by looking at everything that decides (session-cache.ts); where that is not
 * certain, nothing is found.
 */
import type { Instant } from '@curfew/revocation-log'

/** Rounded down: a small integer, where milliseconds of the wall clock would be an object of their own. */
const SECOND_MS = 1_000

const UNKNOWN = 0
const ENDED = -1

export class HitRecord {
  // The first 128 bits of the digest of the token that was last admitted: nobody finds another token that has them.
  #token0 = 0
  #token1 = 0
  #token2 = 0
  #token3 = 0
  /** Which state of the log's facts it was found good in; below these where it has to be looked at each time. */
  #goodAsOf = UNKNOWN
  #quietUntilMonotonicS = 0
  #quietUntilWallS = 0
  /** Second chance of the eviction: set by a hit, cleared when the eviction passes by. */
  recentlyUsed = true

  /** @param changes the state of the log's facts, a number that rises (session-cache.ts) */
  isGoodAsOf(changes: number): boolean {
    return this.#goodAsOf === changes
  }

  foundGood(changes: number): void {
    if (!this.isEnded) this.#goodAsOf = changes
  }

  lookAgain(): void {
    if (!this.isEnded) this.#goodAsOf = UNKNOWN
  }

  /** An entry that was about this very session has ended it: for ever. */
  end(): void {
    this.#goodAsOf = ENDED
  }

  get isEnded(): boolean {
    return this.#goodAsOf === ENDED
  }

  /** The token that proves the session has this digest (SHA-256, a character for each byte). */
  learnToken(digest: string): void {
    this.#token0 = wordAt(digest, 0)
    this.#token1 = wordAt(digest, 4)
    this.#token2 = wordAt(digest, 8)
    this.#token3 = wordAt(digest, 12)
  }

  /**
   * True for the digest of a token that has proved the session. That it is not compared in constant time is safe: timing
   * could reveal the stored digest, and knowing that does not help to find a token of 256 random bits.
   */
  knowsToken(digest: string): boolean {
    return (
      this.#token0 === wordAt(digest, 0) &&
      this.#token1 === wordAt(digest, 4) &&
      this.#token2 === wordAt(digest, 8) &&
      this.#token3 === wordAt(digest, 12)
    )
  }

  /** Until then, by both clocks, it reaches no limit, and nobody need be asked about it. */
  protected beQuietUntil({ monotonicMs, wallMs }: Instant): void {
    this.#quietUntilMonotonicS = Math.floor(monotonicMs / SECOND_MS)
    this.#quietUntilWallS = Math.floor(wallMs / SECOND_MS)
  }

  /** False may mean the same: only the times themselves tell. */
  isQuiet({ monotonicMs, wallMs }: Instant): boolean {
    return monotonicMs < this.#quietUntilMonotonicS * SECOND_MS && wallMs < this.#quietUntilWallS * SECOND_MS
  }
}

/** Four characters of one byte each. */
function wordAt(digest: string, at: number): number {
  return (
    (digest.charCodeAt(at) << 24) |
    (digest.charCodeAt(at + 1) << 16) |
    (digest.charCodeAt(at + 2) << 8) |
    digest.charCodeAt(at + 3)
  )
}
