/**
 * ② The sessions in memory by id: a hash table with open addressing, and beside each session what a hit looks at, so that
 * a check touches two places in memory that no cache of the processor may hold, and not the session itself.
 * Promise: bounded by who adds; what has been used since the eviction last came by stays.
 */
import type { SessionId } from '@curfew/contracts'
import type { Instant } from '@curfew/protocol'

import type { CachedSession } from './cached-session.ts'
import { HitRecords, digestOf } from './hit-records.ts'

/** Always a power of two. */
const PLACES_MIN = 1_024
/** Sessions to a place: beyond, looks at the next place become many. */
const LOAD_MAX = 0.8
/** Where the id stands in a token. */
const ID_AT = 4
/** Ids are random, so a few of their letters spread them evenly. */
const LETTERS = 6
/** Of 32 bits, the lowest two are left out: the records have room for thirty. */
const TAG_SHIFT = 2

type Place = CachedSession | undefined

export class SessionTable {
  #sessions: Place[] = emptyPlaces(PLACES_MIN)
  #records = new HitRecords(PLACES_MIN)
  #size = 0
  /** Counts what could have changed what was found of any session. */
  #changes = 0
  /** The place at which the next eviction goes on. */
  #hand = 0

  get size(): number {
    return this.#size
  }

  get(id: SessionId): CachedSession | undefined {
    const place = this.#placeOf(id)
    return place === undefined ? undefined : this.#sessions[place]
  }

  /** The session that the token has proved before, where nothing else need be looked at; counts as a use. */
  recognise(token: string, now: Instant): CachedSession | undefined {
    const records = this.#records
    const tag = tagOf(token, ID_AT)
    let digest: string | undefined
    for (let place = this.#home(tag); records.isTaken(place); place = this.#after(place)) {
      if (records.tagOf(place) !== tag) continue
      // Asked for before the token is hashed, both places in memory are on their way meanwhile.
      const session = this.#sessions[place]
      digest ??= digestOf(token)
      if (!records.isOf(place, digest)) continue
      if (!records.isGood(place, this.#changes, now)) return undefined
      records.use(place)
      return session
    }
    return undefined
  }

  /** A look at everything has found it good; counts as a use. */
  foundGood({ id, quietUntil }: CachedSession, token: string): void {
    const place = this.#placeOf(id)
    if (place === undefined) return
    this.#records.found(place, digestOf(token), this.#changes, quietUntil)
    this.#records.use(place)
  }

  /** What was found of it need not hold any more. */
  lookAgain({ id }: CachedSession): void {
    const place = this.#placeOf(id)
    if (place !== undefined) this.#records.lookAgain(place)
  }

  /** Nothing that was found need hold any more. */
  lookAgainAtAll(): void {
    // 32 bits: what was found four billion changes ago has not been quiet for long.
    this.#changes = (this.#changes + 1) | 0
  }

  use({ id }: CachedSession): void {
    const place = this.#placeOf(id)
    if (place !== undefined) this.#records.use(place)
  }

  /** A session that is not in it. */
  add(session: CachedSession): void {
    if (this.#size >= this.#sessions.length * LOAD_MAX) this.#grow()
    this.#size += 1
    const tag = tagOf(session.id, 0)
    const place = this.#freePlaceFor(tag)
    this.#sessions[place] = session
    this.#records.take(place, tag)
  }

  delete({ id }: CachedSession): void {
    const [records, sessions] = [this.#records, this.#sessions]
    let hole = this.#placeOf(id)
    if (hole === undefined) return
    this.#size -= 1
    // Those behind it move up, each only as far as its home (Knuth, The Art of Computer Programming 3, 6.4, algorithm R).
    for (let place = this.#after(hole); records.isTaken(place); place = this.#after(place)) {
      const home = this.#home(records.tagOf(place))
      if (this.#distance(home, place) < this.#distance(hole, place)) continue
      sessions[hole] = sessions[place]
      records.move(place, hole)
      hole = place
    }
    sessions[hole] = undefined
    records.giveUp(hole)
  }

  clear(): void {
    this.#sessions = emptyPlaces(PLACES_MIN)
    this.#records = new HitRecords(PLACES_MIN)
    this.#size = 0
    this.#hand = 0
  }

  /** Asks about one session after the other whether it may go, twice about each at most, until one may. */
  evict(mayGo: (session: CachedSession, isInUse: boolean) => boolean): CachedSession | undefined {
    for (let turns = this.#sessions.length * 2; turns > 0; turns -= 1) {
      const session = this.#sessions[this.#hand]
      if (session !== undefined && mayGo(session, this.#records.takeUse(this.#hand))) return session
      this.#hand = this.#after(this.#hand)
    }
    return undefined
  }

  /** Looks at no session but the one, and at none where there is none. */
  #placeOf(id: SessionId): number | undefined {
    const records = this.#records
    const tag = tagOf(id, 0)
    for (let place = this.#home(tag); records.isTaken(place); place = this.#after(place))
      if (records.tagOf(place) === tag && this.#sessions[place]?.hasId(id) === true) return place
    return undefined
  }

  #freePlaceFor(tag: number): number {
    let place = this.#home(tag)
    while (this.#records.isTaken(place)) place = this.#after(place)
    return place
  }

  #grow(): void {
    const [sessions, records] = [this.#sessions, this.#records]
    this.#sessions = emptyPlaces(sessions.length * 2)
    this.#records = new HitRecords(sessions.length * 2)
    this.#hand = 0
    for (const [before, session] of sessions.entries()) {
      if (session === undefined) continue
      const place = this.#freePlaceFor(records.tagOf(before))
      this.#sessions[place] = session
      this.#records.copyFrom(records, before, place)
    }
  }

  /** The place where a session belongs; when that is taken, the next that is free. */
  #home(tag: number): number {
    return tag & (this.#sessions.length - 1)
  }

  #after(place: number): number {
    return (place + 1) & (this.#sessions.length - 1)
  }

  /** How many places on. */
  #distance(from: number, to: number): number {
    return (to - from) & (this.#sessions.length - 1)
  }
}

/** Of the id that begins at `offset` of `text`. */
function tagOf(text: string, offset: number): number {
  let mixed = 0
  for (let letter = offset; letter < offset + LETTERS; letter += 1)
    mixed = (Math.imul(mixed, 67) + text.charCodeAt(letter)) | 0
  return mixed >>> TAG_SHIFT
}

function emptyPlaces(count: number): Place[] {
  return Array.from<Place>({ length: count })
}
