/**
 * ② The sessions in memory by id: a hash table whose buckets are the sessions themselves, chained. Among many sessions it is
 * memory that a check waits for, and a Map costs two more looks at places that no cache of the processor holds.
 * Promise: bounded; what has been used since the eviction last came by stays.
 */
import type { SessionId } from '@curfew/contracts'

import type { CachedSession } from './cached-session.ts'

const BUCKETS_MIN = 1_024
/** Sessions to a bucket: most are the first in theirs. */
const LOAD_MAX = 0.8
/** Ids are random, so a few of their letters spread them evenly. */
const LETTERS = 6

type Bucket = CachedSession | undefined

export class SessionTable {
  #buckets: Bucket[] = emptyBuckets(BUCKETS_MIN)
  #size = 0
  /** The bucket at which the next eviction goes on. */
  #hand = 0

  get size(): number {
    return this.#size
  }

  get(id: SessionId): CachedSession | undefined {
    let session = this.at(id, 0)
    while (session !== undefined && session.id !== id) session = session.next
    return session
  }

  /** The first session whose id may be the one that begins at `offset` of `text`; the others follow as `next`. */
  at(text: string, offset: number): CachedSession | undefined {
    return this.#buckets[this.#indexOf(text, offset)]
  }

  /** A session that is not in it. */
  add(session: CachedSession): void {
    if (this.#size >= this.#buckets.length * LOAD_MAX) this.#grow()
    this.#size += 1
    this.#link(session)
  }

  delete(session: CachedSession): void {
    const index = this.#indexOf(session.id, 0)
    const first = this.#buckets[index]
    if (first === session) this.#buckets[index] = session.next
    else {
      let before = first
      while (before !== undefined && before.next !== session) before = before.next
      if (before === undefined) return
      before.next = session.next
    }
    session.next = undefined
    this.#size -= 1
  }

  clear(): void {
    this.#buckets = emptyBuckets(BUCKETS_MIN)
    this.#size = 0
    this.#hand = 0
  }

  /** Asks about one session after the other whether it may go, twice about each at most, until one may. */
  evict(mayGo: (session: CachedSession) => boolean): CachedSession | undefined {
    for (let turns = this.#buckets.length * 2; turns > 0; turns -= 1) {
      for (let session = this.#buckets[this.#hand]; session !== undefined; session = session.next)
        if (mayGo(session)) return session
      this.#hand = (this.#hand + 1) % this.#buckets.length
    }
    return undefined
  }

  #link(session: CachedSession): void {
    const index = this.#indexOf(session.id, 0)
    session.next = this.#buckets[index]
    this.#buckets[index] = session
  }

  #grow(): void {
    const before = this.#buckets
    this.#buckets = emptyBuckets(before.length * 2)
    this.#hand = 0
    for (let session of before)
      while (session !== undefined) {
        const { next }: CachedSession = session
        this.#link(session)
        session = next
      }
  }

  #indexOf(text: string, offset: number): number {
    let mixed = 0
    for (let letter = offset; letter < offset + LETTERS; letter += 1)
      mixed = (Math.imul(mixed, 67) + text.charCodeAt(letter)) | 0
    return mixed & (this.#buckets.length - 1)
  }
}

/** A power of two of them. */
function emptyBuckets(count: number): Bucket[] {
  return Array.from<Bucket>({ length: count })
}
