/**
 * ⑤ Makes the log that follows all others, and puts it in force.
 * Promise: whoever is granted or confirmed anything in an earlier log has read that it is over; an epoch number belongs to
 * one attempt alone; and of attempts that run at once only the highest opens, with all that the others had opened in it.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import {
  parseLogEntry,
  streamName,
  subjectOfEntry,
  type LogEntry,
  type Position,
  entryHead,
  type EntryHead,
} from '@curfew/contracts'
import { untilAnswered } from '@curfew/messaging'
import {
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
} from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'

import { LogError } from '../stream/errors.ts'
import { latestMessage } from '../stream/latest-message.ts'
import { isStreamGone, NatsLog } from '../stream/nats-log.ts'
import { createStream, newGenesis } from '../stream/nats-stream.ts'
import { epochInForce, epochStates, type EpochState } from './epochs.ts'
import { readFacts } from './facts-of-log.ts'

const REQUEST_TIMEOUT_MS = 5_000
const ATTEMPTS = 8
const ATTEMPT_MS = 2_000
const BETWEEN_ATTEMPTS_MS = 300
/** Numbers tried in a row when others take them at the same time. */
const RESERVATIONS = 20
const AT_ONCE = 64

type Sent = { readonly kind: 'stored'; readonly seq: number } | { readonly kind: 'taken' }

export class EpochOpening {
  readonly epoch: number
  readonly logId: string
  readonly #nc: NatsConnection
  readonly #jsm: JetStreamManager
  /** Of what this attempt has written into the new log; whatever else is there is somebody else's. */
  #last = 1

  private constructor(nc: NatsConnection, jsm: JetStreamManager, made: { epoch: number; logId: string }) {
    this.#nc = nc
    this.#jsm = jsm
    this.epoch = made.epoch
    this.logId = made.logId
  }

  /** Creates the log of the first number that is higher than `above` and all that exist. It is not in force. */
  static async reserve(nc: NatsConnection, above: number): Promise<EpochOpening> {
    const jsm = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS })
    const existing = await epochStates(jsm)
    let epoch = Math.max(above, existing.at(-1)?.epoch ?? 0)
    for (let attempt = 0; attempt < RESERVATIONS; attempt += 1) {
      epoch += 1
      await createStream({ nc, jsm }, epoch)
      const genesis = newGenesis()
      const sent = await send(jsm, epoch, { entry: genesis, lastSequence: 0 })
      if (sent.kind === 'stored') return new EpochOpening(nc, jsm, { epoch, logId: genesis.logId })
    }
    throw new LogError('LOG_UNAVAILABLE', 'others keep taking the next epoch')
  }

  /**
   * Resolves when nothing more can be granted or confirmed in any earlier log: what grants or confirms reads the log up
   * to a place behind this first. @returns whom it closed
   */
  async closeEarlier(): Promise<number[]> {
    const earlier = new Set((await this.#earlier()).map(({ epoch }) => epoch))
    // What made this number the next is closed as well where a server that lags does not list it.
    if (this.epoch > 1) earlier.add(this.epoch - 1)
    const closed: number[] = []
    for (const epoch of earlier) if ((await this.#close(epoch)) !== undefined) closed.push(epoch)
    return closed
  }

  /** All that holds in the latest log that was ever in force. @returns how many entries nobody can read */
  async readEarlier(onEntry: (entry: LogEntry, position: Position) => void): Promise<number> {
    const source = (await this.#earlier()).findLast(({ isOpened }) => isOpened)?.epoch
    if (source === undefined) return 0
    // Only an acknowledged write proves how far the log goes.
    const mark = async (): Promise<number> => {
      const seq = await this.#close(source)
      if (seq === undefined) throw new LogError('LOG_MISSING', `${streamName(source)} went away meanwhile`)
      return seq
    }
    return readFacts(new NatsLog(this.#nc, this.#jsm, { epoch: source }), { upTo: [mark, mark], onEntry })
  }

  /** In no order; all are stored when it resolves. */
  async write(entries: readonly LogEntry[]): Promise<void> {
    // Stored, such an entry would stop every reader for good.
    const broken = entries.find((entry) => parseLogEntry(JSON.stringify(entry)) === undefined)
    if (broken) throw new LogError('LOG_UNREADABLE', `${broken.type} entry ${broken.id} would not parse`)
    const waiting = entries.values()
    const worker = async (): Promise<void> => {
      for (const entry of waiting) {
        const sent = await send(this.#jsm, this.epoch, { entry })
        if (sent.kind === 'taken') throw new LogError('LOG_MISSING', streamName(this.epoch))
        this.#last = Math.max(this.#last, sent.seq)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }

  /** Puts it in force, if nobody else has written into it: who did has closed it. */
  async open(): Promise<'opened' | 'superseded'> {
    const entry = { ...head('opened'), type: 'opened' } as const
    const sent = await send(this.#jsm, this.epoch, { entry, lastSequence: this.#last })
    // A higher one may have been opened by who did not see this one begin.
    if (sent.kind === 'stored') return (await this.#isInForce()) ? 'opened' : 'superseded'
    // The server may have forgotten the id of an attempt that it stored and never acknowledged.
    const subject = subjectOfEntry(this.epoch, entry)
    const found = await untilAnswered(() => latestMessage(this.#jsm, streamName(this.epoch), subject))
    return found?.json<LogEntry>().id === entry.id ? 'opened' : 'superseded'
  }

  async #earlier(): Promise<EpochState[]> {
    return (await epochStates(this.#jsm)).filter(({ epoch }) => epoch < this.epoch)
  }

  async #isInForce(): Promise<boolean> {
    return epochInForce(await epochStates(this.#jsm)) === this.epoch
  }

  async #close(epoch: number): Promise<number | undefined> {
    const entry = { ...head('closed'), type: 'closed', next: this.epoch } as const
    const sent = await send(this.#jsm, epoch, { entry })
    return sent.kind === 'stored' ? sent.seq : undefined
  }
}

function head(kind: string): EntryHead {
  return entryHead(`${kind}-${randomUUID()}`, Date.now())
}

interface Sending {
  readonly entry: LogEntry
  /** Only as the entry that follows this one. */
  readonly lastSequence?: number
}

/**
 * Until its fate is known. `taken`: the place is somebody else's, or the log is not there any more.
 * @throws LogError when it stays unknown.
 */
async function send(jsm: JetStreamManager, epoch: number, { entry, lastSequence }: Sending): Promise<Sent> {
  const subject = subjectOfEntry(epoch, entry)
  const expect = { streamName: streamName(epoch), ...(lastSequence !== undefined && { lastSequence }) }
  let cause: unknown
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      const options = { msgID: entry.id, timeout: ATTEMPT_MS, expect }
      const { seq } = await jsm.jetstream().publish(subject, JSON.stringify(entry), options)
      return { kind: 'stored', seq }
    } catch (err) {
      cause = err
      if (err instanceof JetStreamApiError && err.code === JetStreamApiCodes.StreamWrongLastSequence)
        return { kind: 'taken' }
      if (await isGone(jsm, epoch)) return { kind: 'taken' }
    }
    await sleep(BETWEEN_ATTEMPTS_MS)
  }
  throw new LogError('LOG_UNAVAILABLE', `${entry.type} could not be written to ${streamName(epoch)}`, {
    cause,
  })
}

async function isGone(jsm: JetStreamManager, epoch: number): Promise<boolean> {
  try {
    await jsm.streams.info(streamName(epoch))
    return false
  } catch (err) {
    return isStreamGone(err)
  }
}
