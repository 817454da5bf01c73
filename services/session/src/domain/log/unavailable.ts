/**
 * ④ The one thing that is thrown here on purpose: the truth cannot be had.
 * Promise: `unavailable` is never a verdict; the caller may ask again, and nobody is told that a session does not exist.
 */
export type UnavailableCause =
  | 'log-not-followed'
  | 'log-full'
  | 'no-lease'
  | 'behind-asker'
  | 'redis-lost'
  | 'redis-rewound'
  | 'view-incomplete'
  | 'view-reset'
  | 'birth-ahead'
  | 'contended'
  | 'rotation-unconfirmed'
  | 'replay-undecided'
  | 'audit-not-stored'
  | 'audit-not-read'

export class Unavailable extends Error {
  override readonly name = 'Unavailable'
  readonly code = 'unavailable'
  /** For the log; callers outside only learn that it is unavailable. */
  readonly reason: UnavailableCause

  constructor(reason: UnavailableCause, cause?: unknown) {
    super(`unavailable: ${reason}`, cause === undefined ? {} : { cause })
    this.reason = reason
  }
}
