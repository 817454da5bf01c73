/**
 * The truth cannot be had at the moment.
 * Promise: never a verdict. The caller may ask again, and nobody is told that a session does not exist.
 */
export class Unavailable<Reason extends string = string> extends Error {
  override readonly name = 'Unavailable'
  readonly code = 'unavailable'
  /** For the log; callers outside only learn that it is unavailable. */
  readonly reason: Reason

  constructor(reason: Reason, cause?: unknown) {
    super(`unavailable: ${reason}`, cause === undefined ? {} : { cause })
    this.reason = reason
  }
}
