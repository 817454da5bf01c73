/**
 * What stands for `@nats-io/jetstream` in the code under test: everything as it is, but for the client.
 * Promise: answers about the log come from the broker, over the connection that asked, and may be late, lost or stale.
 */
import { JetStreamApiCodes, type JetStreamManager, type StreamConfig } from '@nats-io/jetstream'
import { errors, type NatsConnection } from '@nats-io/transport-node'

import type { Broker } from './broker.ts'
import { simulatedOf, type SimulatedConnection } from './connection.ts'
import { StoredStream, apiError, type Stored } from './stored-stream.ts'
import { theWorld } from './virtual-globals.ts'

export * from '@nats-io/jetstream'

let broker: Broker

export function streamsOf(next: Broker): void {
  broker = next
}

export async function jetstreamManager(
  nc: NatsConnection,
  options?: { timeout?: number },
): Promise<JetStreamManager> {
  return new Client(simulatedOf(nc), options?.timeout ?? 5_000).asManager
}

interface Publishing {
  readonly msgID: string
  readonly timeout?: number
  /** In whole seconds, as `60s`. */
  readonly ttl?: string
  readonly expect?: {
    readonly lastSubjectSequence?: number
    readonly lastSequence?: number
    readonly streamName: string
  }
}

/** How many entries a server that lags may not have heard of. */
const STALE_BY_AT_MOST = 6

class Client {
  readonly #connection: SimulatedConnection
  readonly #timeoutMs: number

  constructor(connection: SimulatedConnection, timeoutMs: number) {
    this.#connection = connection
    this.#timeoutMs = timeoutMs
  }

  /** Asks the server, in the time that there is. */
  #call<T>(run: () => T, timeoutMs = this.#timeoutMs, isPublication = false): Promise<T> {
    const connection = this.#connection
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new errors.TimeoutError()), timeoutMs)
      const settle = (act: () => void): void => {
        clearTimeout(timer)
        act()
      }
      connection.up(() => {
        if (connection.isWithoutStreams || broker.random.chance(broker.weather.loss))
          return broker.onLost('message')
        let answer: () => void
        try {
          const value = run()
          answer = () => settle(() => resolve(value))
        } catch (error) {
          answer = () => settle(() => reject(error))
        }
        if (!isPublication) return connection.down(answer)
        if (broker.random.chance(broker.weather.ackLoss)) return broker.onLost('acknowledgement')
        const lateMs = broker.random.chance(broker.weather.ackLate) ? broker.random.between(50, 1_900) : 0
        broker.world.after(lateMs, () => connection.down(answer))
      })
    })
  }

  #publish(subject: string, json: string, { msgID, timeout, ttl, expect }: Publishing) {
    const name = expect?.streamName ?? streamNameOf(subject)
    const publication = {
      subject,
      json,
      id: msgID,
      lastSubjectSequence: expect?.lastSubjectSequence,
      lastSequence: expect?.lastSequence,
      ttlMs: ttl === undefined ? undefined : Number.parseInt(ttl, 10) * 1_000,
    }
    broker.onSaid(this.#connection, subject)
    return this.#call(() => broker.append(streamNamed(name), publication), timeout, true)
  }

  async *#names(): AsyncGenerator<string> {
    yield* await this.#call(() => [...broker.streams.keys()])
  }

  #reading(name: string, from: number) {
    return new Reading(this.#connection, streamNamed(name), from)
  }

  get asManager(): JetStreamManager {
    const created = new Map<string, number>()
    const client = {
      publish: (subject: string, json: string, options: Publishing) => this.#publish(subject, json, options),
      consumers: {
        getConsumerFromInfo: ({ name, stream_name: stream }: { name: string; stream_name: string }) => ({
          consume: async () => this.#reading(stream, created.get(name) ?? 1),
        }),
      },
    }
    const manager = {
      jetstream: () => client,
      streams: {
        info: (name: string) => this.#call(() => infoOf(streamNamed(name))),
        add: (config: StreamConfig) => this.#call(() => infoOf(createStream(config))),
        names: () => this.#names(),
        getMessage: (name: string, { last_by_subj: subject }: { last_by_subj: string }) =>
          this.#call(() => {
            const stream = streamNamed(name)
            const stored = stream.latestOf(subject, asOf(stream))
            return stored === undefined ? null : messageOf(stored)
          }),
      },
      consumers: {
        add: (stream: string, { opt_start_seq: from }: { opt_start_seq: number }) =>
          this.#call(() => {
            streamNamed(stream)
            const name = `consumer-${theWorld().happened}-${created.size}`
            created.set(name, from)
            return { name, stream_name: stream }
          }),
        delete: async () => true,
      },
    }
    return manager as unknown as JetStreamManager
  }
}

/** What a consumer brings: what the stream holds, then what is added to it. */
class Reading {
  readonly #connection: SimulatedConnection
  readonly #stream: StoredStream
  readonly #generation: number
  readonly #queue: object[] = []
  #next: number
  #delivered = 0
  #wake: (() => void) | undefined
  #ended: { readonly error: Error | undefined } | undefined
  #leave: () => void = () => undefined

  constructor(connection: SimulatedConnection, stream: StoredStream, from: number) {
    this.#connection = connection
    this.#stream = stream
    this.#generation = connection.generation
    this.#next = from
    connection.up(() => {
      this.#leave = broker.onAppended(() => this.#bring())
      // A peer that lags brings the rest later, or what has superseded it by then.
      const until = asOf(stream)
      this.#bring(until)
      if (until < stream.lastSeq) broker.world.after(broker.random.between(1, 200), () => this.#bring())
    })
  }

  #bring(until = this.#stream.lastSeq): void {
    if (this.#ended || this.#generation !== this.#connection.generation) return this.#leave()
    const entries = this.#stream.from(this.#next, until)
    this.#next = Math.max(this.#next, until + 1)
    if (entries.length === 0) return
    const messages = entries.map((stored) => {
      this.#delivered += 1
      return { ...messageOf(stored), info: { deliverySequence: this.#delivered } }
    })
    const isLost = this.#connection.isWithoutStreams || broker.random.chance(broker.weather.loss)
    if (isLost) return broker.onLost('message')
    this.#connection.down(() => {
      this.#queue.push(...messages)
      this.#wake?.()
    })
  }

  stop(error?: Error): void {
    this.#ended ??= { error }
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<object> {
    for (;;) {
      const message = this.#queue.shift()
      if (message !== undefined) yield message
      else if (this.#ended?.error) throw this.#ended.error
      else if (this.#ended) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}

function streamNamed(name: string): StoredStream {
  const stream = broker.streams.get(name)
  if (stream === undefined) throw apiError(JetStreamApiCodes.StreamNotFound, 'stream not found')
  return stream
}

function createStream(config: StreamConfig): StoredStream {
  const existing = broker.streams.get(config.name)
  if (existing !== undefined) return existing
  // An older server passes over a setting that it does not know.
  const known = broker.letsEntriesExpire ? config : { ...config, allow_msg_ttl: false }
  const { comparesFirst } = broker
  const stream = new StoredStream(known, { nowMs: () => broker.world.nowMs, comparesFirst })
  broker.streams.set(config.name, stream)
  return stream
}

function streamNameOf(subject: string): string {
  return `CURFEW_${subject.split('.')[1]}`
}

function infoOf(stream: StoredStream): object {
  return { config: stream.config, state: { messages: stream.size, last_seq: asOf(stream) } }
}

/** How far the server that happens to answer has read. */
function asOf(stream: StoredStream): number {
  const isStale = broker.weather.staleReads > 0 && broker.random.chance(broker.weather.staleReads)
  return isStale ? Math.max(0, stream.lastSeq - broker.random.whole(1, STALE_BY_AT_MOST)) : stream.lastSeq
}

function messageOf({ seq, subject, json }: Stored): object {
  return { seq, subject, string: () => json, json: () => JSON.parse(json) as unknown }
}
