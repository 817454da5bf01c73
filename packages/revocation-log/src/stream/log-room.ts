/**
 * ⑤ Decides which entries a log that is filling up still takes.
 * Promise: the last room is left for entries that take rights away. The log refuses, in this order:
 * another secret for a user's session; new sessions of users; changes of rights and new verifiers; ends of single sessions; logins and
 * step-ups of operators, and revocations and suspensions of single users by the operators of a tenant, who could invent users
 * without end. It takes administrators' revocations and suspensions, revocations of many sessions and the entries of leases
 * until there is no room at all.
 */
import { ADMINISTRATIVE_TENANT, parseSubject, type LogEntry } from '@curfew/contracts'

/**
 * From which part of the room on each use is refused. `rotations` and `sessions` are those of users, `operators` both of
 * operators, whose wide revocations need a recent proof of identity.
 */
const MARKS = { rotations: 0.8, sessions: 0.85, changes: 0.95, ends: 0.98, operators: 0.985 } as const
/** From here on somebody has to be told. */
const LOW = 0.7
/**
 * Of the account's room, nothing is added any more. The limit of a stream is looked at before an entry is stored; that of an
 * account, by nats-server before 2.10.12, afterwards: the entry is taken out again, and what it had superseded is gone.
 */
const CLOSED = 0.99

export type RoomUse = keyof typeof MARKS

/** `unknown`: the server does not say how much room there is. `full`: what is left is for revocations alone. */
export type RoomState =
  | 'unknown'
  | 'plenty'
  | 'low'
  | 'rotations-refused'
  | 'reserved'
  | 'changes-refused'
  | 'ends-refused'
  | 'full'

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
    if (this.#isRefused || share >= MARKS.operators) return 'full'
    if (share >= MARKS.ends) return 'ends-refused'
    if (share >= MARKS.changes) return 'changes-refused'
    if (share >= MARKS.sessions) return 'reserved'
    if (share >= MARKS.rotations) return 'rotations-refused'
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
      return 'changes'
    case 'rotated':
      // The entry does not say whose session it is. Users' rotations are refused before they are written.
      return 'operators'
    case 'joined':
      return entry.kind === 'verifier' ? 'changes' : undefined
    case 'revoked':
      if (entry.scope.type === 'session') return 'ends'
      return entry.scope.type === 'user' ? useOfAuthor(entry) : undefined
    case 'suspended':
      return entry.user === undefined ? undefined : useOfAuthor(entry)
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

/** Of an entry about one user, each of which takes room of its own. */
function useOfAuthor({ actor }: LogEntry): RoomUse | undefined {
  const author = parseSubject(actor)
  return author === undefined || author.tenant === ADMINISTRATIVE_TENANT ? undefined : 'operators'
}
