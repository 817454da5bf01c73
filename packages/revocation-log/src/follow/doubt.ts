/**
 * ⑤ Why the log, or this reader of it, cannot be trusted to go on.
 * Promise: each reason begins with one of these words, so that an alarm can name it.
 */
import type { LogEntryOf } from '@curfew/contracts'

import type { LogErrorCode } from '../stream/errors.ts'

interface Meaning {
  /** Under which the same doubt stops a log from being opened. */
  readonly code: LogErrorCode
  /** It is about the log, for whoever reads it, and not about this reader. */
  readonly isOfTheLog: boolean
}

const DOUBTS = {
  /** An entry was stored at a place that lies before what had been seen. Final: only a new epoch helps. */
  'rolled back': { code: 'LOG_ROLLED_BACK', isOfTheLog: true },
  /**
   * An entry is not the one that had been seen in its place: the log has been put back and has grown again, or this reader
   * had been told what never was in the log. The same for all: what it applied may be in the store that they share. Final.
   */
  contradicted: { code: 'LOG_ROLLED_BACK', isOfTheLog: true },
  /** Another log has taken the name of this one, which cannot be told anything any more. Final. */
  replaced: { code: 'LOG_ROLLED_BACK', isOfTheLog: false },
  /** Its last entry has been read. Final. */
  closed: { code: 'LOG_CLOSED', isOfTheLog: true },
  /** The stream is not there any more. */
  gone: { code: 'LOG_MISSING', isOfTheLog: false },
  /** An entry does not parse: this reader is older than its writer, or somebody else wrote it. */
  unreadable: { code: 'LOG_UNREADABLE', isOfTheLog: false },
  /** `onEntry` threw. */
  refused: { code: 'LOG_UNREADABLE', isOfTheLog: false },
  /** The subscription to the feed has ended: no permission, or the connection was closed. Final. */
  'feed ended': { code: 'LOG_UNAVAILABLE', isOfTheLog: false },
} as const satisfies Record<string, Meaning>

export interface Doubt {
  readonly kind: keyof typeof DOUBTS
  readonly detail: string
  readonly cause?: unknown
}

export function describeDoubt({ kind, detail }: Doubt): string {
  return `${kind}: ${detail}`
}

export function errorCodeOf({ kind }: Doubt): LogErrorCode {
  return DOUBTS[kind].code
}

export function isOfTheLog({ kind }: Doubt): boolean {
  return DOUBTS[kind].isOfTheLog
}

export function endOf({ next, reason = 'nobody says why' }: LogEntryOf<'closed'>): Doubt {
  return { kind: 'closed', detail: next === undefined ? reason : `epoch ${next} follows` }
}
