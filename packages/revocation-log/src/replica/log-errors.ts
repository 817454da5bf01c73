/** Errors of a log that cannot be opened, and what an operator can do about them. */
import { LogError } from '../stream/errors.ts'
import type { LogIdentity } from '../stream/log.ts'

/** It is over, shorter than it was, or another one: for ever. */
export function isFinal(error: unknown): error is LogError {
  return error instanceof LogError && (error.code === 'LOG_ROLLED_BACK' || error.code === 'LOG_CLOSED')
}

export function anotherLog(found: LogIdentity, known: LogIdentity): LogError {
  return new LogError('LOG_ROLLED_BACK', `NATS has ${nameOf(found)}, Redis belongs to ${nameOf(known)}`)
}

const WAYS_OUT: Partial<Record<LogError['code'], string>> = {
  LOG_UNREADABLE:
    'If a newer version of this service has written it, update this one. Otherwise begin a new epoch, which keeps roles, ' +
    'grants and suspensions and ends every session (docs/operations.md).',
  LOG_SETTINGS:
    'Entries may have been lost. Begin a new epoch, which keeps roles, grants and suspensions and ends every session ' +
    '(docs/operations.md).',
  LOG_MISSING:
    'Restore the data of JetStream; or begin a new epoch, which keeps roles, grants and suspensions and ends every ' +
    'session (docs/operations.md).',
  LOG_ROLLED_BACK:
    'It has lost entries and is not served from. Begin a new epoch, which keeps roles, grants and suspensions and ends ' +
    'every session (docs/operations.md).',
  LOG_CLOSED:
    'Wait until the new epoch is open, if one is being opened. Otherwise begin a new epoch, which keeps roles, grants and ' +
    'suspensions and ends every session (docs/operations.md).',
}

/** The same with what an operator can do about it. */
export function withWayOut(error: unknown): Error | undefined {
  const way = error instanceof LogError ? WAYS_OUT[error.code] : undefined
  return way === undefined ? undefined : new Error(`${(error as LogError).message}. ${way}`, { cause: error })
}

function nameOf({ epoch, logId }: LogIdentity): string {
  return `epoch ${epoch} with the id ${logId}`
}
