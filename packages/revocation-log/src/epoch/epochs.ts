/**
 * ⑤ Which logs there are, and which of them is in force.
 * Promise: an epoch is in force from the last entry of its opening until its closing; one that is half made never is.
 */
import { logSubject, parseLogEntry, parsePosition, streamName, type Position } from '@curfew/contracts'
import { untilAnswered } from '@curfew/messaging'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'

import { LogError } from '../stream/errors.ts'
import { latestMessage } from '../stream/latest-message.ts'
import { isStreamGone } from '../stream/nats-log.ts'

interface ChoiceOfEpoch {
  readonly jsm: JetStreamManager
  readonly epoch: number | undefined
  readonly create: boolean
  readonly startAfter: Position
}

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

/** The epoch to use: the one given, else the one in force, else, where there has never been any, the first. */
export async function chooseEpoch({ jsm, epoch, create, startAfter }: ChoiceOfEpoch): Promise<number> {
  const seen = parsePosition(startAfter)
  if (seen === undefined) throw new RangeError('startAfter is not a position')
  const states = epoch === undefined ? await epochStates(jsm) : []
  const chosen = epoch ?? epochInForce(states)
  if (chosen === undefined) {
    const highest = states.at(-1)
    if (highest && (highest.epoch < seen.epoch || (highest.epoch === seen.epoch && !highest.isClosed)))
      throw new LogError('LOG_ROLLED_BACK', `no log in force, though ${startAfter} was seen`)
    // Never the half-made one: what it lacks would not be missed.
    if (highest) throw new LogError('LOG_CLOSED', whyOver(highest))
    if (seen.epoch > 0) throw new LogError('LOG_MISSING', `no log at all, though ${startAfter} was seen`)
    if (!create) throw new LogError('LOG_MISSING', 'no log at all')
    return 1
  }
  if (chosen < seen.epoch)
    throw new LogError('LOG_ROLLED_BACK', `epoch ${chosen}, though ${startAfter} was seen`)
  return chosen
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
