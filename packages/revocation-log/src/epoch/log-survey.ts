/**
 * ⑤ What logs there are, and what is in them, for who decides about a new epoch.
 * Promise: looks only, and says what it saw; nothing rests on it, since reads may be answered by a server that lags.
 */
import {
  formatPosition,
  logSubject,
  streamName,
  subjectOfEntry,
  type LogEntry,
  type Position,
} from '@curfew/contracts'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'

import { latestMessage } from '../stream/latest-message.ts'
import { measureNewRoom } from '../stream/measure-room.ts'
import { NatsLog } from '../stream/nats-log.ts'
import { brokenSettings, replicasOf } from '../stream/stream-settings.ts'
import { epochInForce, epochStates, type EpochState } from './epochs.ts'
import { readFacts } from './facts-of-log.ts'

const REQUEST_TIMEOUT_MS = 5_000

export interface LogSurvey {
  readonly epochs: readonly EpochState[]
  readonly inForce:
    | {
        readonly epoch: number
        readonly logId: string | undefined
        readonly last: Position
        readonly brokenSettings: readonly string[]
      }
    | undefined
  /** Bytes that a new log could take; undefined where no limit can be seen. */
  readonly freeBytes: number | undefined
  /** Reads the latest that was ever in force, as far as it goes now. @returns how many entries nobody can read. */
  readFacts(onEntry: (entry: LogEntry, position: Position) => void): Promise<number>
}

export async function surveyLogs(nc: NatsConnection): Promise<LogSurvey> {
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS })
  const epochs = await epochStates(jsm)
  const epoch = epochInForce(epochs)
  return {
    epochs,
    inForce: epoch === undefined ? undefined : await lookAt(nc, jsm, epoch),
    freeBytes: await measureNewRoom(jsm, replicasOf(nc)),
    async readFacts(onEntry) {
      const source = epochs.findLast(({ isOpened }) => isOpened)
      if (source === undefined) return 0
      // Not the stream's last sequence: the message that had it may be gone, and reading would wait for it in vain.
      const last = await latestMessage(jsm, streamName(source.epoch), logSubject(source.epoch))
      const log = new NatsLog(nc, jsm, { epoch: source.epoch })
      return last === null ? 0 : readFacts(log, { upTo: [async () => last.seq], onEntry })
    },
  }
}

async function lookAt(nc: NatsConnection, jsm: JetStreamManager, epoch: number) {
  const { state, config } = await jsm.streams.info(streamName(epoch))
  const logId = await new NatsLog(nc, jsm, { epoch }).logId()
  return {
    epoch,
    logId,
    last: formatPosition(epoch, state.last_seq),
    brokenSettings: brokenSettings(epoch, config),
  }
}

/** Upper bound on the lengths, check sums and headers that JetStream stores with a message. */
const MESSAGE_OVERHEAD_BYTES = 256

/** Upper bound on the bytes of these entries in a log of that epoch. */
export function storedBytes(epoch: number, entries: readonly LogEntry[]): number {
  const sizes = entries.map(
    (entry) =>
      Buffer.byteLength(subjectOfEntry(epoch, entry)) +
      Buffer.byteLength(JSON.stringify(entry)) +
      MESSAGE_OVERHEAD_BYTES,
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
