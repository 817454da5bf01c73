/**
 * ⑤ One attempt to publish, with its acknowledgement held against everything seen of the log before.
 * Promise: an acknowledgement from a log that was rolled back or replaced never counts as one.
 */
import type { LogEntry } from '@curfew/contracts'
import type { Connection } from '@curfew/messaging'

import type { LogRoom } from '../stream/log-room.ts'
import type { Attempt, NatsLog } from '../stream/nats-log.ts'
import type { Follower } from './follower.ts'

export type ProvenAttempt = Attempt | { readonly kind: 'frozen' }

export type ProvenPublish = (
  entry: LogEntry,
  options: { expectLast?: number | undefined; expectEnd?: number | undefined; timeoutMs: number },
) => Promise<ProvenAttempt>

export interface ProvenPublishOptions {
  readonly log: NatsLog
  readonly follower: Follower
  readonly connection: Connection
  readonly room: LogRoom
}

export function provenPublish({ log, follower, connection, room }: ProvenPublishOptions): ProvenPublish {
  return async (entry, options) => {
    // Anything added to a log that was rolled back would only carry it past the positions that show this.
    if (follower.frozen) return { kind: 'frozen' }
    if (!room.isOpen) return { kind: 'full', err: new Error('the room that is left is not touched') }
    const floor = follower.seen
    const attempt = await log.attempt(entry, { ...options, lost: connection.lost })
    if (attempt.kind === 'full' || attempt.kind === 'perhaps-full') room.refused()
    if (attempt.kind !== 'acknowledged') return attempt
    room.stored()
    const { seq, duplicate } = attempt
    const isProven = follower.acknowledged({ seq, duplicate, id: entry.id, floor }, performance.now())
    return isProven && !follower.frozen ? attempt : { kind: 'frozen' }
  }
}
