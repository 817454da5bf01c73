/**
 * ⑤ Why a log could not be opened.
 * Promise: a code keeps its meaning; callers match on `code`, never on the message.
 */
export const LOG_ERRORS = {
  LOG_MISSING: 'there is no such log and creating one was not asked for',
  LOG_SETTINGS: 'the stream is not set up as the protocol needs it',
  LOG_ROLLED_BACK: 'the log is shorter than, or another than, what was seen of it before',
  LOG_CLOSED: 'this log is over, and what follows it is not open yet',
  LOG_UNREADABLE: 'an entry of the log can be neither applied nor skipped',
  LOG_UNAVAILABLE: 'the log did not answer',
} as const

export type LogErrorCode = keyof typeof LOG_ERRORS

export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode

  constructor(code: LogErrorCode, detail: string, options?: { cause?: unknown }) {
    super(`${LOG_ERRORS[code]}: ${detail}`, options)
    this.code = code
  }
}
