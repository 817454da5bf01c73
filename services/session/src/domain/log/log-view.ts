/**
 * ④ ⑤ One replica's view of the log: wide facts for ever, facts about users and sessions until Redis shows them.
 * Promise: at every moment, Redis as it was at or after a pin's floor, plus this view, is everything up to `applied`.
 */
import {
  ORIGIN,
  parsePosition,
  sequenceOf,
  type LogEntry,
  type Position,
  type SessionId,
  type SubjectKey,
} from '@curfew/contracts'

import { factOf, mergeSubjectFacts, type Fact, type SubjectFacts, type WideFact } from './facts.ts'
import { WideFactsInMemory, type WideFacts } from './wide-facts.ts'

export interface Unprojected {
  readonly position: Position
  readonly entry: LogEntry
  readonly fact: Fact
}

/** Held while Redis is being read: what Redis may not have shown yet is not forgotten before `release`. */
export interface Pin {
  /** What Redis must at least hold for the reading to be trusted. */
  readonly floor: Position
  /** False when the view was reset meanwhile: the reading cannot be completed from it. */
  readonly intact: boolean
  release(): void
}

const MAX_BACKLOG = 100_000

export class LogView {
  #wide = new WideFactsInMemory()
  #epoch: number | undefined
  readonly #maxBacklog: number
  #applied: Position = ORIGIN
  #projected: Position = ORIGIN
  #generation = 0
  #truncated = false
  #backlog: Unprojected[] = []
  /** Index of the first backlog entry that Redis is not known to hold; those before it wait for pins only. */
  #next = 0
  readonly #subjects = new Map<SubjectKey, SubjectFacts>()
  readonly #ended = new Map<SessionId, Position>()
  readonly #byId = new Map<string, Unprojected>()
  /** In order of floors, because floors only rise within a generation. */
  readonly #pins = new Set<{ floor: Position }>()

  constructor(maxBacklog: number = MAX_BACKLOG) {
    this.#maxBacklog = maxBacklog
  }

  /** Everything in the log up to here is in the view or, at least, in Redis. */
  get applied(): Position {
    return this.#applied
  }

  /** Redis is known to hold everything up to here. */
  get projected(): Position {
    return this.#projected
  }

  get wide(): WideFacts {
    return this.#wide
  }

  get backlog(): number {
    return this.#backlog.length - this.#next
  }

  /** How far Redis is behind, in positions; those without facts count as well. */
  get lag(): number {
    const isSameLog = parsePosition(this.#projected)?.epoch === parsePosition(this.#applied)?.epoch
    return Math.max(0, sequenceOf(this.#applied) - (isSameLog ? sequenceOf(this.#projected) : 0))
  }

  /** False once the backlog was full: the view has gaps until it is reset to what Redis holds. */
  get complete(): boolean {
    return !this.#truncated
  }

  /** Rises at each reset. */
  get generation(): number {
    return this.#generation
  }

  /**
   * Starts again from what Redis holds. Wide facts stay, since nothing the log has said becomes untrue; in another epoch
   * they go, since what that was opened with is all that holds.
   */
  reset(projected: Position, wide: readonly WideFact[], { epoch }: { readonly epoch: number }): void {
    if (this.#epoch !== undefined && epoch !== this.#epoch) this.#wide = new WideFactsInMemory()
    this.#epoch = epoch
    this.#generation++
    this.#applied = projected
    this.#projected = projected
    this.#truncated = false
    this.#backlog = []
    this.#next = 0
    this.#subjects.clear()
    this.#ended.clear()
    this.#byId.clear()
    this.#pins.clear()
    for (const fact of wide) this.#wide.take(fact)
  }

  /** Takes one entry of the log, in order; answers the fact that it states, if it states one. */
  apply(entry: LogEntry, position: Position): Fact | undefined {
    if (position <= this.#applied) return undefined
    this.#applied = position
    const fact = factOf(entry, position)
    if (fact === undefined) return undefined
    if (fact.reach === 'wide') this.#wide.take(fact.fact)
    // What is kept stays a prefix, so that once it is projected the rest can be read again from there.
    if (this.#truncated || this.#backlog.length >= this.#maxBacklog) this.#truncated = true
    else this.#keep({ position, entry, fact })
    return fact
  }

  /** A member that has been gone for long. */
  forgetMember(fact: Extract<WideFact, { kind: 'member' }>): void {
    this.#wide.forgetMember(fact)
  }

  /** What is to be written to Redis next, and up to where Redis holds everything once it is written. */
  pending(limit: number): { readonly entries: readonly Unprojected[]; readonly upTo: Position } {
    const entries = this.#backlog.slice(this.#next, this.#next + limit)
    const last = entries.at(-1)
    if (this.#next + entries.length === this.#backlog.length && !this.#truncated)
      return { entries, upTo: this.#applied }
    return { entries, upTo: last?.position ?? this.#projected }
  }

  /** Redis has said that it holds everything up to `position`: written by this replica or by another. */
  markProjected(position: Position): void {
    if (position <= this.#projected) return
    this.#projected = position
    for (let entry = this.#backlog[this.#next]; entry !== undefined && entry.position <= position;)
      entry = this.#backlog[++this.#next]
    this.#forget()
  }

  pin(): Pin {
    const held = { floor: this.#projected }
    const generation = this.#generation
    this.#pins.add(held)
    const current = (): boolean => this.#generation === generation
    return {
      floor: held.floor,
      get intact() {
        return current()
      },
      release: () => {
        if (this.#pins.delete(held)) this.#forget()
      },
    }
  }

  /** What Redis says about a subject, brought up to date. */
  subject(key: SubjectKey, stored: SubjectFacts): SubjectFacts {
    return mergeSubjectFacts(stored, this.#subjects.get(key))
  }

  /** Where this session was ended, as long as Redis may still hold it. */
  endedAt(session: SessionId): Position | undefined {
    return this.#ended.get(session)
  }

  /** An entry by its id, as long as Redis may not hold it. */
  unprojected(id: string): Unprojected | undefined {
    return this.#byId.get(id)
  }

  #keep(unprojected: Unprojected): void {
    const { position, entry, fact } = unprojected
    this.#backlog.push(unprojected)
    this.#byId.set(entry.id, unprojected)
    if (fact.reach === 'subject')
      this.#subjects.set(fact.subject, mergeSubjectFacts(fact.facts, this.#subjects.get(fact.subject)))
    if (fact.reach === 'session') this.#ended.set(fact.session, position)
  }

  #forget(): void {
    const [oldest] = this.#pins
    const floor = oldest === undefined ? this.#projected : oldest.floor
    let count = 0
    for (const { position, entry, fact } of this.#backlog) {
      if (position > floor || count === this.#next) break
      count++
      if (this.#byId.get(entry.id)?.position === position) this.#byId.delete(entry.id)
      if (fact.reach === 'session' && this.#ended.get(fact.session) === position)
        this.#ended.delete(fact.session)
      if (fact.reach === 'subject') this.#forgetSubject(fact.subject, floor)
    }
    if (count === 0) return
    this.#backlog.splice(0, count)
    this.#next -= count
  }

  #forgetSubject(key: SubjectKey, floor: Position): void {
    const facts = this.#subjects.get(key)
    if (facts === undefined) return
    // Facts at or before the floor are in Redis; a later one about the same subject stays.
    const { watermark, grants, suspension } = facts
    const later = [watermark, grants, suspension].some((fact) => fact !== undefined && fact.position > floor)
    if (!later) this.#subjects.delete(key)
  }
}
