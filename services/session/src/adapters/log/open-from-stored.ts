/**
 * ④ ⑤ Opens the log from where Redis stands.
 * Promise: Redis and the log belong together before anything of the log is read; an earlier epoch in Redis is loud.
 */
import { ORIGIN, parsePosition, type LogEntry, type MemberId, type Position } from '@curfew/contracts'
import { systemClock } from '@curfew/protocol'
import {
  type Coordinator,
  type LogClosing,
  type LogIdentity,
  type LogRoom,
  openLog,
  type RevocationLog,
  type Witness,
} from '@curfew/revocation-log'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

import type { Reports } from '../../domain/audit/reports.ts'
import type { LogView } from '../../domain/log/log-view.ts'
import type { Clock } from '../../domain/log/ports.ts'
import type { RedisProjection } from '../redis/redis-projection.ts'
import { anotherLog } from './log-errors.ts'
import { restoredFacts } from './restored-facts.ts'

export interface Opening {
  readonly nc: NatsConnection
  readonly view: LogView
  readonly stored: Pick<RedisProjection, 'load' | 'enter'>
  readonly onEntry: (entry: LogEntry, position: Position) => void
  readonly clock: Clock
  readonly reports: Reports
  readonly logger: Logger
}

interface Reading {
  /** Undefined for the first start of a process: the one in force, or the first of all. */
  readonly epoch: number | undefined
  readonly coordinator: Coordinator
  readonly witness: Witness
  readonly room: LogRoom
  readonly closing: LogClosing
  readonly onFound: (epoch: number) => void
  readonly onApplied: (applied: Position) => void
  readonly onDoubt: (reason: string) => void
}

export async function openFromStored(options: Opening, reading: Reading): Promise<RevocationLog> {
  const { nc, view, stored, onEntry, clock, reports, logger } = options
  const { epoch: asked, coordinator, witness, room, closing, onApplied, onDoubt } = reading
  const { projected, wide } = await stored.load()

  async function onFound(found: LogIdentity): Promise<void> {
    const { epoch, logId } = found
    const known = await stored.enter(found)
    if (known.epoch !== epoch || known.logId !== logId) throw anotherLog(found, known)
    reading.onFound(epoch)
    // Whatever that Redis lacks is in this log from its opening on, a revocation of everyone included.
    const isEarlier = projected !== ORIGIN && parsePosition(projected)?.epoch !== epoch
    if (isEarlier) reports.epochEntered({ epoch, logId, projected })
    view.reset(projected, wide, { epoch })
    coordinator.restore(restoredFacts(view.wide, epoch, clock.nowMs()), systemClock())
  }

  return openLog({
    nc,
    // Not the member's own name: a reader that only tries to catch up must not look like a replica that renews its lease.
    replica: `${coordinator.replica}-reader` as MemberId,
    ...(asked !== undefined && { epoch: asked }),
    create: asked === undefined && projected === ORIGIN,
    logger,
    startAfter: projected,
    witness,
    room,
    closing,
    onFound,
    onEntry,
    onApplied,
    onDoubt,
  })
}
