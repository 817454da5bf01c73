/**
 * ⑤ Why the log, or this reader of it, cannot be trusted to go on.
 * Promise: each reason begins with one of these words, so that an alarm can name it.
 */
import type { LogErrorCode } from './errors.ts'

/** The code under which the same doubt stops a log from being opened. */
const DOUBTS = {
  /** An entry was stored at a place that lies before what had been seen. Final: only a new epoch helps. */
  'rolled back': 'LOG_ROLLED_BACK',
  /**
   * An entry is not the one that had been seen in its place. Final for this reader: what it was told was not the log, or
   * the log has been put back and has grown again; whoever starts anew must read from the beginning.
   */
  contradicted: 'LOG_ROLLED_BACK',
  /** Another log has taken the name of this one. Final. */
  replaced: 'LOG_ROLLED_BACK',
  /** Its last entry has been read: another epoch follows. Final. */
  closed: 'LOG_CLOSED',
  /** The stream is not there any more. */
  gone: 'LOG_MISSING',
  /** An entry does not parse: this reader is older than its writer, or somebody else wrote it. */
  unreadable: 'LOG_UNREADABLE',
  /** `onEntry` threw. */
  refused: 'LOG_UNREADABLE',
  /** The subscription to the feed has ended: no permission, or the connection was closed. Final. */
  'feed ended': 'LOG_UNAVAILABLE',
} as const satisfies Record<string, LogErrorCode>

export interface Doubt {
  readonly kind: keyof typeof DOUBTS
  readonly detail: string
  readonly cause?: unknown
}

export function describeDoubt({ kind, detail }: Doubt): string {
  return `${kind}: ${detail}`
}

export function errorCodeOf({ kind }: Doubt): LogErrorCode {
  return DOUBTS[kind]
}
