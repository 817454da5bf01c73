/**
 * ⑤ What may still be added to a log that is filling up.
 * Promise: the last room is left for what takes rights away. New sessions are refused first, then changes of rights and new
 * verifiers, then the ends of single sessions; what ends many, and what leases need, goes on until there is no room at all.
 */
import type { LogEntry } from '@curfew/contracts'

/** From which part of the room on it is refused. */
const MARKS = { sessions: 0.85, changes: 0.95, ends: 0.98 } as const
/** From here on somebody has to be told. */
const LOW = 0.7
/**
 * Of the account's room, nothing is added any more. The limit of a stream is looked at before an entry is stored; that of an
 * account, by nats-server before 2.10.12, afterwards: the entry is taken out again, and what it had superseded is gone.
 */
const CLOSED = 0.99

export type RoomUse = keyof typeof MARKS

/** `unknown`: the server does not say how much room there is. `full`: not even single sessions can be ended. */
export type RoomState = 'unknown' | 'plenty' | 'low' | 'reserved' | 'changes-refused' | 'full'

export interface RoomReading {
  readonly bytes: number
  /** Undefined where no limit can be seen. */
  readonly maxBytes: number | undefined
  /** It is what the account leaves, and no limit of the stream. */
  readonly isOfAccount?: boolean
}

export class LogRoom {
  #reading: RoomReading | undefined
  #isRefused = false

  get reading(): RoomReading | undefined {
    return this.#reading
  }

  get state(): RoomState {
    const share = this.#share
    if (this.#isRefused || share >= MARKS.ends) return 'full'
    if (share >= MARKS.changes) return 'changes-refused'
    if (share >= MARKS.sessions) return 'reserved'
    if (share >= LOW) return 'low'
    return this.#reading?.maxBytes === undefined ? 'unknown' : 'plenty'
  }

  read(reading: RoomReading): void {
    this.#reading = reading
  }

  /** The server has not taken an entry, for want of room. It may be room that no reading shows. */
  refused(): void {
    this.#isRefused = true
  }

  /** The server has taken an entry. */
  stored(): void {
    this.#isRefused = false
  }

  /** False where not even a barrier may be added. */
  get isOpen(): boolean {
    return this.#reading?.isOfAccount !== true || this.#share < CLOSED
  }

  hasRoomFor(use: RoomUse): boolean {
    return !this.#isRefused && this.#share < MARKS[use]
  }

  /** False for an entry that would take room which is kept back. */
  takes(entry: LogEntry): boolean {
    const use = useOf(entry)
    return use === undefined || this.hasRoomFor(use)
  }

  get #share(): number {
    const { bytes, maxBytes } = this.#reading ?? { bytes: 0, maxBytes: undefined }
    return maxBytes === undefined ? 0 : bytes / maxBytes
  }
}

/** Undefined for what no room is kept back from. */
function useOf(entry: LogEntry): RoomUse | undefined {
  switch (entry.type) {
    case 'grants-changed':
    case 'role-changed':
    case 'resumed':
    case 'rotated':
      return 'changes'
    case 'joined':
      return entry.kind === 'verifier' ? 'changes' : undefined
    case 'revoked':
      return entry.scope.type === 'session' ? 'ends' : undefined
    case 'suspended':
    case 'barrier':
    case 'left':
    case 'evicted':
    case 'config':
    case 'genesis':
    case 'opened':
    case 'closed':
      return undefined
  }
}
