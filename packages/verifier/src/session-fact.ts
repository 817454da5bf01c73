/** ② What an authority has answered about a live session. */
import type { Resolved } from '@curfew/contracts'
import type { Instant } from '@curfew/protocol'

/** An answer, with what it was asked and read under. */
export interface SessionFact {
  readonly answer: Extract<Resolved, { status: 'live' }>
  readonly askedAt: Instant
  /** The replica's position before it read the store. */
  readonly readAt: number
  /** Sequence of the log before the first credential was read; 0 for a session of an earlier epoch. */
  readonly birth: number
}
