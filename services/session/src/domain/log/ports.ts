/**
 * What the domain needs of the log, of its projection in Redis and of time.
 * Promise: a port answers truthfully or throws; "there is no such session" is said only by a store that was asked.
 */
import type { LogEntry, Member, MemberId, Position, Subject } from '@curfew/contracts'
import type {
  Confirmation,
  Confirming,
  Expected,
  PositionedEntry,
  Publication,
  ReplicaReports,
  RoomState,
  RoomUse,
} from '@curfew/revocation-log'

import type { Grants } from './facts.ts'

export interface Clock {
  nowMs(): number
}

/** The records that were read, and the position up to which the store held everything when the read began. */
export interface Reading<T> {
  readonly projected: Position
  readonly found: readonly T[]
}

/** The log, written and followed, and this replica's part in the protocol. */
export interface FactLog {
  /** The member to which others acknowledge the entries of this replica. */
  readonly replica: MemberId
  /** This replica holds a lease: its answers about sessions are not older than any confirmation. */
  readonly mayAnswer: boolean
  /**
   * Resolves once no member acts without the entry at the position any more, after W at the latest; resolves to undefined when
   * that takes longer than `withinMs`, or when the log is in doubt.
   */
  confirm(position: Position, options?: Confirming): Promise<Confirmation | undefined>
  /** Whether this replica knows that no member acts without the entry at the position any more. */
  isConfirmed(position: Position): boolean
  /** The view is at the end of the log and connected: an entry missing from it was stored a moment ago or not at all. */
  readonly isFollowing: boolean
  /** The log contradicts its own past: entries may be lost, and nothing it says is believed any more. */
  readonly isFrozen: boolean
  /** @throws Unavailable when nothing was stored because the log has no room. */
  publish(entry: LogEntry, expected?: Expected): Promise<Publication>
  hasRoomFor(use: RoomUse): boolean
  /** The latest position at which the log speaks about the entity of this entry, or an earlier one. */
  lastPositionOf(entry: LogEntry): Promise<Position>
  /** The latest grants of one user, read from the log itself, or earlier ones. */
  lastGrantsOf(subject: Subject): Promise<Grants | undefined>
  /** Resolves to true when this replica's view has reached the position in time. */
  waitFor(position: Position, timeoutMs: number): Promise<boolean>
  /** Resolves to true when the view has reached everything that was in the log at the time of the call. */
  catchUp(): Promise<boolean>
  /** The entries that the log still holds between two positions; see `RevocationLog`. @throws Unavailable */
  history(after: Position, upTo: Position): Promise<readonly PositionedEntry[]>
  /** Redis has gone back in time, or the view has gaps: read again from the position that Redis holds. */
  startAgain(reason: string): void
}

/** A member of the protocol, as this replica has heard of it. */
export interface MemberStatus {
  readonly member: Member
  readonly joinedAt: string
  /** The position that it says it has applied, and how many positions that is behind this replica. */
  readonly applied: Position
  readonly lag: number
  /** Upper bound: counted from the moment its renewal was heard. */
  readonly leaseRemainingMs: number
  readonly cachedSessions: number
}

export interface Members {
  members(): readonly MemberStatus[]
}

export interface Projection {
  /** Resolves to true when Redis holds everything up to the position; to false at once while Redis is unreachable. */
  waitFor(position: Position, timeoutMs: number): Promise<boolean>
}

/** Events of the log and of this replica's part in the protocol. */
export interface LogReports extends ReplicaReports {
  projectionFailed(err: unknown): void
  pruningFailed(err: unknown): void
  /** The kinds of entries that are refused for want of room have changed. */
  logRoomChanged(changed: { state: RoomState; bytes: number | undefined; maxBytes: number | undefined }): void
}
