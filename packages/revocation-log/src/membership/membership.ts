/**
 * ④ Who could hold a lease: the members, as the log names them.
 * Promise: whoever may still answer from memory is counted, including those taken off the list less than W ago; replicas
 * that have read the log to the same place agree about who is a member.
 */
import { PROTOCOL_VERSION, type Member, type MemberId, type Position } from '@curfew/contracts'
import { evictAfterMs, waitedMs, type Instant } from '@curfew/protocol'

/** Where and when the log named it a member. */
export interface Joining {
  readonly position: Position
  /** ISO time, for people. */
  readonly at: string
}

/** A member as this replica has heard of it. */
export interface MemberState {
  readonly description: Member
  readonly joining: Joining
  /** Cumulative: everything up to this sequence has taken effect there, as far as it has told this replica. */
  readonly applied: number
  readonly cachedSessions: number
  /** When it was last heard of asking for a lease. */
  readonly renewedAt: Instant | undefined
}

/** What a member's renewal says. */
export interface Renewal {
  readonly member: MemberId
  readonly applied: number
  readonly cachedSessions: number
}

/** Whom a confirmation has to wait for. */
export interface Counted {
  readonly id: MemberId
  /** 0 as long as nothing that it says counts. */
  readonly applied: number
  /** Unknown of one that was taken off the list before this replica had heard of it. */
  readonly description?: Member | undefined
}

interface Entry {
  readonly description: Member
  readonly joining: Joining
  applied: number
  cachedSessions: number
  heardAt: Instant
  renewedAt: Instant | undefined
}

/** The log says `evicted`: it may hold a lease for up to W from when that was observed. */
interface Evicted {
  readonly observedAt: Instant
  readonly position: Position
  readonly isBelieved: boolean
  readonly description: Member | undefined
  applied: number
}

export class Membership {
  readonly #entries = new Map<MemberId, Entry>()
  /** May overlap with the entries: a delayed `joined` makes an evicted id a member again, as it does everywhere else. */
  readonly #evicted = new Map<MemberId, Evicted>()

  joined(description: Member, joining: Joining, now: Instant): void {
    const id = description.member
    const evicted = this.#evicted.get(id)
    if (this.#entries.has(id) || (evicted && evicted.position > joining.position)) return
    const applied = evicted?.applied ?? 0
    this.#entries.set(id, {
      description,
      joining,
      applied,
      cachedSessions: 0,
      heardAt: now,
      renewedAt: undefined,
    })
  }

  /** A member that left had dropped its lease before it said so: it no longer counts. */
  left(id: MemberId): void {
    this.#entries.delete(id)
    this.#evicted.delete(id)
  }

  /** Also of a member that this replica has never seen as one: it may have been taken off the list moments ago. */
  evicted(id: MemberId, position: Position, now: Instant): void {
    const entry = this.#entries.get(id)
    if (entry === undefined && this.#evicted.has(id)) return
    if (entry && entry.joining.position > position) return
    const isBelieved = entry !== undefined && isBelievable(entry)
    this.#entries.delete(id)
    const [description, applied] = [entry?.description, entry?.applied ?? 0]
    this.#evicted.set(id, { observedAt: now, position, isBelieved, description, applied })
  }

  /** An acknowledgement, or any other sign of life that says what has been applied. `applied` only moves forward. */
  heard(id: MemberId, applied: number, now: Instant): void {
    const entry = this.#entries.get(id)
    if (entry) entry.heardAt = now
    for (const known of [entry, this.#evicted.get(id)])
      if (known) known.applied = Math.max(known.applied, applied)
  }

  /** It asks for a lease, from whichever replica. */
  renews({ member, applied, cachedSessions }: Renewal, now: Instant): void {
    this.heard(member, applied, now)
    const entry = this.#entries.get(member)
    if (!entry) return
    entry.cachedSessions = cachedSessions
    entry.renewedAt = now
  }

  /** Whose process it is; undefined of one that is not known here. */
  serviceOf(id: MemberId): string | undefined {
    return (this.#entries.get(id) ?? this.#evicted.get(id))?.description?.service
  }

  /** Not taken off the list. */
  isMember(id: MemberId): boolean {
    return this.#entries.has(id)
  }

  /** May be granted a lease that names the barrier at this position. */
  wasMemberAt(id: MemberId, barrier: Position): boolean {
    const entry = this.#entries.get(id)
    return entry !== undefined && entry.joining.position < barrier
  }

  /** Whether its acknowledgements count: one of a protocol that is not known here may mean something else by them. */
  isBelieved(id: MemberId): boolean {
    const entry = this.#entries.get(id)
    return entry ? isBelievable(entry) : (this.#evicted.get(id)?.isBelieved ?? false)
  }

  /** Who may act without the entry at `position`: who joined after it is granted nothing older (`wasMemberAt`). */
  counted(position: Position, now: Instant, waitMs: number): Counted[] {
    const counted = new Map<MemberId, Counted>()
    for (const [id, { observedAt, isBelieved, applied, description }] of this.#evicted)
      if (waitedMs(observedAt, now) >= waitMs) this.#evicted.delete(id)
      else counted.set(id, { id, applied: isBelieved ? applied : 0, description })
    for (const [id, entry] of this.#entries) {
      const { joining, applied, description } = entry
      if (joining.position < position)
        counted.set(id, { id, applied: isBelievable(entry) ? applied : 0, description })
    }
    return [...counted.values()]
  }

  /** Members that have been silent for too long. */
  overdue(now: Instant, leaseMs: number): MemberState[] {
    const silentMs = evictAfterMs(leaseMs)
    return [...this.#entries.values()].filter(({ heardAt }) => waitedMs(heardAt, now) > silentMs)
  }

  /** Who has not been able to listen has heard from nobody: silence counts from now. */
  restartSilence(now: Instant): void {
    for (const entry of this.#entries.values()) entry.heardAt = now
  }

  list(): MemberState[] {
    return [...this.#entries.values()]
  }
}

function isBelievable({ description }: Entry): boolean {
  return description.protocol === PROTOCOL_VERSION
}
