/** The causes for which this service cannot tell the truth at the moment. The error is the log's own: both leave as 503. */
import { Unavailable as AnyUnavailable } from '@curfew/revocation-log'

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

export type Unavailable = AnyUnavailable
export const Unavailable: new (reason: UnavailableCause, cause?: unknown) => AnyUnavailable = AnyUnavailable
