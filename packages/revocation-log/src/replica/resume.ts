/**
 * Opens the log from where the stored state stands.
 * Promise: state and log belong together before anything of the log is read; an earlier epoch in the state is reported.
 */
import { ORIGIN, parsePosition, type LogEntry, type MemberId, type Position } from '@curfew/contracts'
import { systemClock } from '@curfew/protocol'
import type { NatsConnection } from '@nats-io/nats-core'

import type { Witness } from '../follow/witness.ts'
import type { Coordinator } from '../membership/coordinator.ts'
import type { LogClosing } from '../stream/log-closing.ts'
import type { LogLogger } from '../stream/log-logger.ts'
import type { LogRoom } from '../stream/log-room.ts'
import type { LogIdentity, RevocationLog } from '../stream/log.ts'
import { anotherLog } from './log-errors.ts'
import { openLog } from './open-log.ts'
import type { ReplicaReports, StoredState } from './ports.ts'

export interface Resumable {
  readonly nc: NatsConnection
  readonly stored: StoredState
  readonly onEntry: (entry: LogEntry, position: Position) => void
  readonly reports: ReplicaReports
  readonly logger: LogLogger
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

export async function resumeLog(options: Resumable, reading: Reading): Promise<RevocationLog> {
  const { nc, stored, onEntry, reports, logger } = options
  const { epoch: asked, coordinator, witness, room, closing, onApplied, onDoubt } = reading
  const { projected, resume } = await stored.load()

  async function onFound(found: LogIdentity): Promise<void> {
    const { epoch, logId } = found
    const known = await stored.enter(found)
    if (known.epoch !== epoch || known.logId !== logId) throw anotherLog(found, known)
    reading.onFound(epoch)
    // Whatever the state lacks is in this log from its opening on, a revocation of everyone included.
    const isEarlier = projected !== ORIGIN && parsePosition(projected)?.epoch !== epoch
    if (isEarlier) reports.epochEntered({ epoch, logId, projected })
    coordinator.restore(resume(epoch), systemClock())
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
