/**
 * ⑤ What the rest of Curfew sees of the log: a writer that never guesses, a reader that never skips.
 * Promise: `stored` is proven by the server's acknowledgement, `applied` by having gone through `onEntry` in order.
 */
import type { LogEntry, LogEntryOf, Position, Subject } from '@curfew/contracts'

/** The entry is in the log at `position`; `duplicate` when an earlier attempt under the same id had put it there. */
export interface Stored {
  readonly kind: 'stored'
  readonly position: Position
  readonly duplicate: boolean
}

/**
 * `conflict`: nothing was stored, the latest entry of the subject or of the log is not the one expected; look again and
 * decide anew.
 * `full`: nothing was stored, there is no room for it.
 * `unknown`: it may be stored or not; only publishing again under the same id (within ten minutes) can tell.
 */
export type PublishResult =
  | Stored
  | { readonly kind: 'conflict' }
  | { readonly kind: 'full' }
  | { readonly kind: 'unknown' }

export interface PublishOptions {
  /**
   * Store only if the latest entry about this entity is the one at this position (ORIGIN: there is none).
   * A retry of an entry that was stored counts as stored for as long as the entry is the latest about its entity.
   */
  readonly expectLast?: Position
  /** Store only as the very next entry of this log after the one at this position. */
  readonly expectEnd?: Position
}

export interface LogWriter {
  /**
   * Publishes under `entry.id`, retrying under the same id; never takes longer than about six seconds.
   * @throws LogError only for an entry that no reader could parse: stored, it would stop them all.
   */
  publish(entry: LogEntry, options?: PublishOptions): Promise<PublishResult>
  /**
   * Where this log last spoke about the entity of this entry, as something to expect: a deposed server may name an
   * earlier place, and then the log refuses what was expected there. Rejects when no server answers.
   */
  lastPositionOf(entry: LogEntry): Promise<Position>
  /** The latest grants of one user, as something to expect as well. Rejects when no server answers, or none can be read. */
  lastGrantsOf(subject: Subject): Promise<LatestGrants | undefined>
}

export interface LatestGrants extends Pick<LogEntryOf<'grants-changed'>, 'roles' | 'permissions'> {
  readonly position: Position
}

export interface LogReader {
  /**
   * Every fact stored at or before this position went through `onEntry`, in order, or was superseded by a later fact
   * about the same entity that did.
   */
  readonly applied: Position
  /** The reader is at the end of the log and connected; false while it catches up, is stuck or the log is in doubt. */
  readonly healthy: boolean
  /** This log is not what it was, and will never be believed again by this reader. */
  readonly frozen: boolean
  /** True as soon as `applied` has reached the position, false when that took longer than `timeoutMs` or at close. */
  waitFor(position: Position, timeoutMs: number): Promise<boolean>
  close(): Promise<void>
}

export interface LogIdentity {
  readonly epoch: number
  /** From the genesis entry: tells this log from any other that ever had its name. */
  readonly logId: string
}

export interface PositionedEntry {
  readonly entry: LogEntry
  readonly position: Position
}

export interface RevocationLog extends LogIdentity {
  readonly writer: LogWriter
  readonly reader: LogReader
  /** It lacks what somebody else knows to have been in it: nothing this log says is believed any more. */
  disown(detail: string): void
  /**
   * What the log still holds after one position and up to another, of the last 10,000 positions before that one; what
   * later facts have superseded is missing. For people: nothing is decided by it. Rejects when it does not come soon.
   */
  history(after: Position, upTo: Position): Promise<PositionedEntry[]>
}
