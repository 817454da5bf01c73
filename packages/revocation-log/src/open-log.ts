/**
 * ⑤ Opens the log for one replica: the stream, a writer and a reader that has reached the end once.
 * Promise: what is handed out has been proven to be the log that was seen before, or nothing is.
 */
import { sequenceOf, parsePosition } from '@curfew/contracts'
import { untilAnswered } from '@curfew/messaging'
import { jetstreamManager } from '@nats-io/jetstream'

import { ConnectionWatch } from './connection-watch.ts'
import { describeDoubt, errorCodeOf, isOfTheLog, type Doubt } from './doubt.ts'
import { stateOf, whyOver } from './epochs.ts'
import { LogError } from './errors.ts'
import { Follower } from './follower.ts'
import { readHistory } from './history.ts'
import { FollowingReader } from './log-reader.ts'
import { shorterThan } from './log-length.ts'
import { LogRoom } from './log-room.ts'
import { createLogWriter } from './log-writer.ts'
import type { OpenLogOptions, RevocationLog } from './log.ts'
import { NatsLog } from './nats-log.ts'
import { chooseEpoch, ensureGenesis, prepareStream } from './nats-stream.ts'
import { provenPublish } from './proven-publish.ts'
import { factsExpire } from './stream-settings.ts'

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
