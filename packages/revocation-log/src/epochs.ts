/**
 * ⑤ Which logs there are, and which of them is in force.
 * Promise: an epoch is in force from the last entry of its opening until its closing; one that is half made never is.
 */
import { logSubject, parseLogEntry, streamName } from '@curfew/contracts'
import { untilAnswered } from '@curfew/messaging'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'

import { latestMessage } from './latest-message.ts'
import { isStreamGone } from './nats-log.ts'

const STREAM_NAME = /^CURFEW_([1-9]\d{0,5})$/
const REQUEST_TIMEOUT_MS = 2_000

export interface EpochState {
  readonly epoch: number
  /** Everything that holds is in it. */
  readonly isOpened: boolean
  /** Nothing that is added to it counts. */
  readonly isClosed: boolean
  /** For people: what somebody has found to be wrong with it. */
  readonly closedBecause?: string
}

/** Those that have a stream, in order. */
export async function epochStates(jsm: JetStreamManager): Promise<EpochState[]> {
  const epochs = await untilAnswered(() => epochsOf(jsm))
  return Promise.all(epochs.map(async (epoch) => stateOf(jsm, epoch)))
}

async function epochsOf(jsm: JetStreamManager): Promise<number[]> {
  const epochs: number[] = []
  for await (const name of jsm.streams.names()) {
    const epoch = Number(STREAM_NAME.exec(name)?.[1] ?? 0)
    if (epoch > 0) epochs.push(epoch)
  }
  return epochs.toSorted((a, b) => a - b)
}

export async function stateOf(jsm: JetStreamManager, epoch: number): Promise<EpochState> {
  const latest = (type: 'opened' | 'closed') =>
    untilAnswered(() => latestMessage(jsm, streamName(epoch), logSubject(epoch, type)))
  try {
    // The first begins where nothing has been said yet: it is complete as soon as it is there.
    const [opened, closed] = await Promise.all([epoch === 1 || latest('opened'), latest('closed')])
    const closedBecause = closed === null ? undefined : parseLogEntry(closed.string())?.reason
    const state = { epoch, isOpened: opened !== null, isClosed: closed !== null }
    return closedBecause === undefined ? state : { ...state, closedBecause }
  } catch (err) {
    if (isStreamGone(err)) return { epoch, isOpened: false, isClosed: true }
    throw err
  }
}

/**
 * The highest that was opened, unless it is over: an earlier one is never in force again, whatever has been put back.
 */
export function epochInForce(states: readonly EpochState[]): number | undefined {
  const latest = states.findLast(({ isOpened }) => isOpened)
  return latest === undefined || latest.isClosed ? undefined : latest.epoch
}

/** For people: why one that exists is not in force. */
export function whyOver({ epoch, closedBecause }: EpochState): string {
  return `${streamName(epoch)} ${closedBecause === undefined ? 'has not been opened, or is over' : `is over: ${closedBecause}`}`
}

/** As the servers see it now. Rejects when none answers. */
export async function findEpochInForce(nc: NatsConnection): Promise<number | undefined> {
  const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS })
  return epochInForce(await epochStates(jsm))
}
