/**
 * ⑤ Publishes a fact until its fate is known or the time is up.
 * Promise: `stored`, `conflict` and `full` are certain; whatever is not certain is `unknown`, and never counts as a failure.
 */
import {
  parseLogEntry,
  parsePosition,
  formatPosition,
  type LogEntry,
  type Position,
  type Subject,
} from '@curfew/contracts'
import type { Connection } from '@curfew/messaging'
import { Backoff, pause } from '@curfew/protocol'

import type { ProvenPublish } from '../follow/proven-publish.ts'
import { LogError } from '../stream/errors.ts'
import type { LogLogger } from '../stream/log-logger.ts'
import type { LogRoom } from '../stream/log-room.ts'
import type { LatestGrants, LogWriter, PublishOptions, PublishResult } from '../stream/log.ts'
import type { NatsLog } from '../stream/nats-log.ts'

const ATTEMPT_MS = 2_000
const IN_ALL_MS = 6_000
/** With less time left an attempt would only add to the doubt. */
const SHORTEST_ATTEMPT_MS = 100
const PAUSES = { firstMs: 50, mostMs: 800 }

export interface LogWriterOptions {
  readonly epoch: number
  readonly log: Pick<NatsLog, 'lastSequenceOf' | 'lastGrantsOf'>
  readonly publishOnce: ProvenPublish
  readonly connection: Connection
  readonly room: LogRoom
  readonly logger: LogLogger
}

export function createLogWriter(options: LogWriterOptions): LogWriter {
  return {
    async publish(entry: LogEntry, { expectLast, expectEnd }: PublishOptions = {}): Promise<PublishResult> {
      // Stored, such an entry would stop every reader for good.
      if (parseLogEntry(JSON.stringify(entry)) === undefined)
        throw new LogError('LOG_UNREADABLE', `${entry.type} entry ${entry.id} would not parse`)
      const expected = expectedSequence(options.epoch, expectLast)
      if (expected === 'later-epoch' || !isOf(options.epoch, expectEnd)) return { kind: 'conflict' }
      if (!options.room.takes(entry)) return { kind: 'full' }
      return publish(options, entry, { expectLast: expected, expectEnd: sequenceOf(expectEnd) })
    },
    async lastPositionOf(entry: LogEntry): Promise<Position> {
      return formatPosition(options.epoch, await options.log.lastSequenceOf(entry))
    },
    async lastGrantsOf(subject: Subject): Promise<LatestGrants | undefined> {
      const found = await options.log.lastGrantsOf(subject)
      if (found === undefined) return undefined
      const entry = parseLogEntry(found.json)
      if (entry?.type !== 'grants-changed')
        throw new LogError('LOG_UNREADABLE', 'grants that no reader can parse')
      const { roles, permissions } = entry
      return { position: formatPosition(options.epoch, found.seq), roles, permissions }
    },
  }
}

async function publish(
  { epoch, publishOnce, connection, logger }: LogWriterOptions,
  entry: LogEntry,
  expected: { readonly expectLast: number | undefined; readonly expectEnd: number | undefined },
): Promise<PublishResult> {
  const deadlineMs = performance.now() + IN_ALL_MS
  let unanswered = false
  const backoff = new Backoff(PAUSES)
  for (;;) {
    if (!connection.up) await pause(deadlineMs - performance.now(), connection.restored)
    const leftMs = deadlineMs - performance.now()
    if (leftMs < SHORTEST_ATTEMPT_MS) break
    const attempt = await publishOnce(entry, { ...expected, timeoutMs: Math.min(leftMs, ATTEMPT_MS) })
    switch (attempt.kind) {
      case 'acknowledged':
        return { kind: 'stored', position: formatPosition(epoch, attempt.seq), duplicate: attempt.duplicate }
      case 'conflict':
        // A stale leader may refuse what an earlier, unanswered attempt has got stored at the true one.
        return { kind: unanswered ? 'unknown' : 'conflict' }
      case 'frozen':
        return { kind: 'unknown' }
      case 'full':
      case 'perhaps-full':
      case 'unanswered':
      case 'refused':
        // A cluster looks for room before it looks whether an earlier attempt was stored.
        if (attempt.kind === 'full' && !unanswered) return { kind: 'full' }
        unanswered ||= attempt.kind === 'unanswered' || attempt.kind === 'perhaps-full'
        logger.warn({
          event: `log.publish.${attempt.kind}`,
          entryId: entry.id,
          type: entry.type,
          err: attempt.err,
        })
        await pause(Math.min(backoff.nextMs(), deadlineMs - performance.now()), connection.lost)
    }
  }
  logger.warn({ event: 'log.publish.unknown', entryId: entry.id, type: entry.type })
  return { kind: 'unknown' }
}

function isOf(epoch: number, position: Position | undefined): boolean {
  return position === undefined || parsePosition(position)?.epoch === epoch
}

function sequenceOf(position: Position | undefined): number | undefined {
  return position === undefined ? undefined : parsePosition(position)?.seq
}

/** The subject sequence to demand; an entity whose latest entry is of an earlier epoch has none in this log. */
function expectedSequence(
  epoch: number,
  expectLast: Position | undefined,
): number | undefined | 'later-epoch' {
  if (expectLast === undefined) return undefined
  const position = parsePosition(expectLast)
  if (position === undefined) throw new RangeError('expectLast is not a position')
  if (position.epoch > epoch) return 'later-epoch'
  return position.epoch < epoch ? 0 : position.seq
}
