/**
 * ⑤ Finds the stream of an epoch, or creates it with its genesis entry, and checks that it is set up as it must be.
 * Promise: a log that existed is never created a second time.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  parsePosition,
  streamName,
  subjectOfEntry,
  type LogEntryOf,
  type Position,
  entryHead,
} from '@curfew/contracts'
import { createShared, untilAnswered } from '@curfew/messaging'
import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'

import { LogError } from './errors.ts'
import type { LogLogger } from './log-logger.ts'
import { isStreamGone, type NatsLog } from './nats-log.ts'
import { brokenSettings, replicasOf, streamSettings } from './stream-settings.ts'

const BETWEEN_ATTEMPTS_MS = 300
const GENESIS_ATTEMPTS = 10

export interface PrepareOptions {
  readonly nc: NatsConnection
  readonly jsm: JetStreamManager
  readonly epoch: number | undefined
  readonly create: boolean
  readonly startAfter: Position
  readonly logger: LogLogger
}

/** Leaves a stream that exists and is set up as it must be; creates it when asked and allowed. @returns how it is set up */
export async function prepareStream(options: PrepareOptions, epoch: number): Promise<StreamConfig> {
  const { jsm, create, startAfter, logger } = options
  const startAt = parsePosition(startAfter)
  const seen = startAt?.epoch === epoch ? startAt.seq : 0
  let info = await findStream(jsm, epoch)
  if (info === undefined) {
    if (seen > 0)
      throw new LogError('LOG_MISSING', `${streamName(epoch)} is gone, though ${startAfter} was seen`)
    if (!create) throw new LogError('LOG_MISSING', streamName(epoch))
    info = await createStream(options, epoch)
    logger.info({ event: 'log.created', epoch, replicas: info.config.num_replicas })
  }
  const broken = brokenSettings(epoch, info.config)
  if (broken.length > 0) throw new LogError('LOG_SETTINGS', broken.join('; '))
  return info.config
}

/** The log's own id; writes the genesis entry when the log is empty and may be created. */
export async function ensureGenesis(log: NatsLog, jsm: JetStreamManager, create: boolean): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    const logId = await untilAnswered(() => log.logId())
    if (logId !== undefined) return logId
    if (!create) throw new LogError('LOG_MISSING', 'the log has no genesis entry')
    try {
      await publishGenesis(jsm, log.epoch)
    } catch (err) {
      const isFirstTaken =
        err instanceof JetStreamApiError && err.code === JetStreamApiCodes.StreamWrongLastSequence
      // Somebody else wrote the first entry: theirs counts, if it is a genesis.
      if (isFirstTaken && (await untilAnswered(() => log.logId())) === undefined)
        throw new LogError('LOG_SETTINGS', 'the log does not begin with a genesis entry')
      if (isFirstTaken) continue
      // While another replica is creating the stream, nobody may be listening to its subjects yet.
      if (attempt === GENESIS_ATTEMPTS) throw err
      await sleep(BETWEEN_ATTEMPTS_MS)
    }
  }
}

export function newGenesis(): LogEntryOf<'genesis'> {
  return {
    ...entryHead(`genesis-${randomBytes(16).toString('base64url')}`, Date.now()),
    type: 'genesis',
    logId: randomBytes(16).toString('base64url'),
  }
}

async function publishGenesis(jsm: JetStreamManager, epoch: number): Promise<void> {
  const genesis = newGenesis()
  await jsm.jetstream().publish(subjectOfEntry(epoch, genesis), JSON.stringify(genesis), {
    msgID: genesis.id,
    expect: { streamName: streamName(epoch), lastSequence: 0 },
  })
}

async function findStream(jsm: JetStreamManager, epoch: number): Promise<StreamInfo | undefined> {
  try {
    return await untilAnswered(() => jsm.streams.info(streamName(epoch)))
  } catch (err) {
    if (isStreamGone(err)) return undefined
    throw err
  }
}

export async function createStream(
  { nc, jsm }: Pick<PrepareOptions, 'nc' | 'jsm'>,
  epoch: number,
): Promise<StreamInfo> {
  return createShared(() => jsm.streams.add(streamSettings(epoch, replicasOf(nc))))
}
