/**
 * ⑤ One attempt to publish, with its acknowledgement held against everything seen of the log before.
 * Promise: an acknowledgement from a log that was rolled back or replaced never counts as one.
 */
import type { LogEntry } from '@curfew/contracts'

import type { Connection } from './connection-watch.ts'
import type { Follower } from './follower.ts'
import type { Attempt, NatsLog } from './nats-log.ts'

export type ProvenAttempt = Attempt | { readonly kind: 'frozen' }

export type ProvenPublish = (
  entry: LogEntry,
  options: { expectLast?: number | undefined; timeoutMs: number },
) => Promise<ProvenAttempt>

export function provenPublish(log: NatsLog, follower: Follower, connection: Connection): ProvenPublish {
  return async (entry, options) => {
    // Anything added to a log that was rolled back would only carry it past the positions that show this.
    if (follower.frozen) return { kind: 'frozen' }
    const floor = follower.seen
    const attempt = await log.attempt(entry, { ...options, lost: connection.lost })
    if (attempt.kind !== 'acknowledged') return attempt
    const { seq, duplicate } = attempt
    const isProven = follower.acknowledged({ seq, duplicate, id: entry.id, floor }, performance.now())
    return isProven && !follower.frozen ? attempt : { kind: 'frozen' }
  }
}
