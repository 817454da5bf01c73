/**
 * ② The sessions in memory by id: a hash table with open addressing, and beside each session what a hit looks at, so that
 * a check touches two places in memory that no cache of the processor may hold, and not the session itself.
 * Promise: bounded by who adds; what has been used since the eviction last came by stays.
 */
import type { SessionId } from '@curfew/contracts'
import type { Instant } from '@curfew/revocation-log'

import type { CachedSession } from './cached-session.ts'
import { HitRecords, type Found } from './hit-records.ts'

/** Always a power of two. */
const PLACES_MIN = 1_024
/** Sessions to a place: beyond, looks at the next place become many. */
const LOAD_MAX = 0.8
/** Ids are random, so a few of their letters spread them evenly. */
const LETTERS = 6
/** Where the id stands in a token. */
const ID_AT = 4

type Place = CachedSession | undefined

export class SessionTable {
  #sessions: Place[] = emptyPlaces(PLACES_MIN)
  #records = new HitRecords(PLACES_MIN)
  #size = 0
  /** The place at which the next eviction goes on. */
  #hand = 0

  get size(): number {
    return this.#size
  }

  get(id: SessionId): CachedSession | undefined {
    const place = this.#placeOf(id)
    return place === undefined ? undefined : this.#sessions[place]
  }

  /** The session that the token of this digest has proved before, where nothing else need be looked at; counts as a use. */
  recognise(
    token: string,
    { digest, changes }: Omit<Found, 'quietUntil'>,
    now: Instant,
  ): CachedSession | undefined {
    const records = this.#records
    for (let place = this.#home(token, ID_AT); records.isTaken(place); place = this.#after(place)) {
      if (!records.isOf(place, digest)) continue
      if (!records.isGood(place, changes, now)) return undefined
      records.use(place)
      return this.#sessions[place]
    }
    return undefined
  }

  /** A look at everything has found it good. */
  foundGood(id: SessionId, found: Found): void {
    const place = this.#placeOf(id)
    if (place !== undefined) this.#records.found(place, found)
  }

  lookAgain(id: SessionId): void {
    const place = this.#placeOf(id)
    if (place !== undefined) this.#records.lookAgain(place)
  }

  use(id: SessionId): void {
    const place = this.#placeOf(id)
    if (place !== undefined) this.#records.use(place)
  }

  /** A session that is not in it. */
  add(session: CachedSession): void {
    if (this.#size >= this.#sessions.length * LOAD_MAX) this.#grow()
    this.#size += 1
    this.#records.take(this.#put(session))
  }

  delete({ id }: CachedSession): void {
    let hole = this.#placeOf(id)
    if (hole === undefined) return
    this.#size -= 1
    // Those behind it move up, each only as far as its home (Knuth, The Art of Computer Programming 3, 6.4, algorithm R).
    for (let place = this.#after(hole); ; place = this.#after(place)) {
      const session = this.#sessions[place]
      if (session === undefined) break
      if (this.#distance(this.#home(session.id, 0), place) < this.#distance(hole, place)) continue
      this.#sessions[hole] = session
      this.#records.move(place, hole)
      hole = place
    }
    this.#sessions[hole] = undefined
    this.#records.giveUp(hole)
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

  #placeOf(id: SessionId): number | undefined {
    for (let place = this.#home(id, 0); ; place = this.#after(place)) {
      const session = this.#sessions[place]
      if (session === undefined) return undefined
      if (session.id === id) return place
    }
  }

  /** In the first free place from its home on. */
  #put(session: CachedSession): number {
    let place = this.#home(session.id, 0)
    while (this.#sessions[place] !== undefined) place = this.#after(place)
    this.#sessions[place] = session
    return place
  }

  #grow(): void {
    const [sessions, records] = [this.#sessions, this.#records]
    this.#sessions = emptyPlaces(sessions.length * 2)
    this.#records = new HitRecords(sessions.length * 2)
    this.#hand = 0
    for (const [place, session] of sessions.entries())
      if (session !== undefined) this.#records.copyFrom(records, place, this.#put(session))
  }

  /** Where the session belongs whose id begins at `offset` of `text`. */
  #home(text: string, offset: number): number {
    let mixed = 0
    for (let letter = offset; letter < offset + LETTERS; letter += 1)
      mixed = (Math.imul(mixed, 67) + text.charCodeAt(letter)) | 0
    return mixed & (this.#sessions.length - 1)
  }

  #after(place: number): number {
    return (place + 1) & (this.#sessions.length - 1)
  }

  /** How many places on. */
  #distance(from: number, to: number): number {
    return (to - from) & (this.#sessions.length - 1)
  }
}

function emptyPlaces(count: number): Place[] {
  return Array.from<Place>({ length: count })
}
