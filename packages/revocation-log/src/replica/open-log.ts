/**
 * ⑤ Opens the log for one replica: the stream, a writer and a reader that has reached the end once.
 * Promise: what is handed out has been proven to be the log that was seen before, or nothing is.
 */
import { sequenceOf, parsePosition, type LogEntry, type MemberId, type Position } from '@curfew/contracts'
import { ConnectionWatch, untilAnswered } from '@curfew/messaging'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'

import { chooseEpoch, stateOf, whyOver } from '../epoch/epochs.ts'
import { describeDoubt, errorCodeOf, isOfTheLog, type Doubt } from '../follow/doubt.ts'
import { Follower } from '../follow/follower.ts'
import { shorterThan } from '../follow/log-length.ts'
import { FollowingReader } from '../follow/log-reader.ts'
import { provenPublish } from '../follow/proven-publish.ts'
import type { Witness } from '../follow/witness.ts'
import { LogError } from '../stream/errors.ts'
import { readHistory } from '../stream/history.ts'
import type { LogClosing } from '../stream/log-closing.ts'
import type { LogLogger } from '../stream/log-logger.ts'
import { LogRoom } from '../stream/log-room.ts'
import type { LogIdentity, RevocationLog } from '../stream/log.ts'
import { NatsLog } from '../stream/nats-log.ts'
import { ensureGenesis, prepareStream } from '../stream/nats-stream.ts'
import { factsExpire } from '../stream/stream-settings.ts'
import { createLogWriter } from './log-writer.ts'

export interface OpenLogOptions {
  readonly nc: NatsConnection
  /** Which log; the one in force when absent, 1 when there is none at all and `create` is set. */
  readonly epoch?: number
  /** Creates the log when there is none. A log that was there before (`startAfter`) is never created again. */
  readonly create: boolean
  readonly logger: LogLogger
  /** Names this reader's barriers; random for each process, never reused. */
  readonly replica: MemberId
  /** Where the caller's own state stands: the first entry handed out is the one after it. */
  readonly startAfter: Position
  /** The log has been found, and nothing of it read yet. Rejecting leaves it closed. */
  readonly onFound?: (found: LogIdentity) => Promise<void>
  /** What the caller has seen of this log, for when it opens it again; kept up to date from then on. */
  readonly witness?: Witness
  /** Tells whoever reads the log that it is not what it was. Without it only this reader knows. */
  readonly closing?: LogClosing
  /** The room that is left, as the caller knows it; refusals of the server are noted in it. */
  readonly room?: LogRoom
  /** Called once for each entry in order. Throwing stops the reader, which offers the same entry again later. */
  readonly onEntry: (entry: LogEntry, position: Position) => void
  /** `applied` has moved: everything up to here is proven to have gone through `onEntry`. */
  readonly onApplied?: (applied: Position) => void
  /** The log, or this reader of it, cannot be trusted to go on: stop confirming and granting, tell an operator. */
  readonly onDoubt: (reason: string) => void
}

const REQUEST_TIMEOUT_MS = 2_000

/**
 * Resolves when the reader has applied everything that was in the log.
 * @throws LogError when the log is missing, wrongly set up, not what it was, unreadable or silent.
 */
export async function openLog(options: OpenLogOptions): Promise<RevocationLog> {
  const { log, logId } = await findLog(options)
  const { nc, logger, replica, startAfter, onEntry } = options
  const { epoch } = log
  const startSeq = parsePosition(startAfter)?.epoch === epoch ? sequenceOf(startAfter) : 0
  await options.onFound?.({ epoch, logId })
  const doubted = Promise.withResolvers<never>()
  doubted.promise.catch(() => undefined)
  let isOpen = false
  const onDoubt = (doubt: Doubt): void => {
    const reason = describeDoubt(doubt)
    logger.error({ event: 'log.doubt', epoch, reason, err: doubt.cause })
    if (isOfTheLog(doubt)) options.closing?.begin(log, { logId, reason, logger })
    doubted.reject(new LogError(errorCodeOf(doubt), reason, { cause: doubt.cause }))
    if (isOpen) options.onDoubt(reason)
  }
  const follower = new Follower({
    epoch,
    startAfter: startSeq,
    factsExpire: log.factsExpire,
    onEntry,
    onDoubt,
    ...(options.witness && { witness: options.witness }),
  })
  const shorter = await shorterThan(log, { seen: startSeq, logId })
  if (shorter !== undefined) follower.freeze(shorter)
  const connection = new ConnectionWatch(nc, (isUp) => {
    if (isUp) follower.reconnected(performance.now())
    else follower.disconnected()
    reader.refresh()
  })
  const room = options.room ?? new LogRoom()
  const publishOnce = provenPublish({ log, follower, connection, room })
  const onApplied = options.onApplied ?? (() => undefined)
  const reader = new FollowingReader({ log, logId, follower, publishOnce, replica, logger, onApplied })
  try {
    await Promise.race([reader.started, doubted.promise])
  } catch (err) {
    await reader.close()
    throw err
  }
  isOpen = true
  logger.info({ event: 'log.opened', epoch, logId, applied: reader.applied })
  return {
    epoch,
    logId,
    reader,
    disown(detail) {
      follower.freeze({ kind: 'rolled back', detail })
      reader.refresh()
    },
    writer: createLogWriter({ epoch, log, publishOnce, connection, room, logger }),
    history: (after, upTo) => readHistory(log, after, upTo),
  }
}

async function findLog(options: OpenLogOptions): Promise<{ log: NatsLog; logId: string }> {
  const { nc, create, startAfter, closing, logger } = options
  try {
    const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS })
    const preparing = { nc, jsm, epoch: options.epoch, create, startAfter, logger }
    const epoch = await chooseEpoch(preparing)
    const config = await prepareStream(preparing, epoch)
    const log = new NatsLog(nc, jsm, { epoch, factsExpire: factsExpire(config) })
    const state = await stateOf(jsm, epoch)
    if (!state.isClosed) return { log, logId: await ensureGenesis(log, jsm, create) }
    const logId = await untilAnswered(() => log.logId())
    if (logId !== undefined) closing?.begin(log, { logId, reason: whyOver(state), logger })
    throw new LogError('LOG_CLOSED', whyOver(state))
  } catch (err) {
    if (err instanceof LogError || err instanceof RangeError) throw err
    throw new LogError('LOG_UNAVAILABLE', err instanceof Error ? err.message : String(err), { cause: err })
  }
}
