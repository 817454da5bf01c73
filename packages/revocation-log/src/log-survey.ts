/**
 * ⑤ What logs there are, and what is in them, for who decides about a new epoch.
 * Promise: looks only, and says what it saw; nothing rests on it, since reads may be answered by a server that lags.
 */
import { formatPosition, streamName, type LogEntry, type Position } from '@curfew/contracts'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'

import { epochInForce, epochStates, type EpochState } from './epochs.ts'
import { readFacts } from './facts-of-log.ts'
import { NatsLog } from './nats-log.ts'

const REQUEST_TIMEOUT_MS = 5_000

export interface LogSurvey {
  readonly epochs: readonly EpochState[]
  readonly inForce:
    | { readonly epoch: number; readonly logId: string | undefined; readonly last: Position }
    | undefined
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
    async readFacts(onEntry) {
      const source = epochs.findLast(({ isOpened }) => isOpened)
      if (source === undefined) return 0
      const { state } = await jsm.streams.info(streamName(source.epoch))
      const log = new NatsLog(nc, jsm, source.epoch)
      return state.messages === 0 ? 0 : readFacts(log, { upTo: [async () => state.last_seq], onEntry })
    },
  }
}

async function lookAt(nc: NatsConnection, jsm: JetStreamManager, epoch: number) {
  const { state } = await jsm.streams.info(streamName(epoch))
  const logId = await new NatsLog(nc, jsm, epoch).logId()
  return { epoch, logId, last: formatPosition(epoch, state.last_seq) }
}
