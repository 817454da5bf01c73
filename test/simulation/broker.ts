/**
 * One NATS server: routes messages, keeps streams, republishes what they store.
 * Promise: a connection is a pipe in each direction; what is in it is lost with it. Between two pipes anything may happen
 * that a cluster can do to a message on a subject: it comes late, twice or not at all.
 */
import type { Random } from './random.ts'
import type { Pipe } from './pipe.ts'
import type { Publication, Stored, StoredStream } from './stored-stream.ts'
import type { World } from './virtual-time.ts'
import { CALM, type Weather } from './weather.ts'

export interface Carried {
  readonly subject: string
  readonly payload: string
  readonly reply?: string | undefined
  readonly headers?: ReadonlyMap<string, string> | undefined
}

/** A client's connection, as the server sees it. */
export interface ServedConnection extends Pipe {
  /** Takes an answer, where the question was asked here. */
  answered(inbox: string, payload: string): void
}

export interface ServerSubscription {
  readonly connection: ServedConnection
  readonly generation: number
  readonly tokens: readonly string[]
  readonly queue: string | undefined
  readonly deliver: (message: Carried) => void
}

export class Broker {
  readonly world: World
  readonly random: Random
  readonly streams = new Map<string, StoredStream>()
  readonly connections = new Set<ServedConnection>()
  weather: Weather = CALM
  /** It is a server of 2.11 or newer. */
  readonly letsEntriesExpire: boolean
  /** It is a server of 2.15 (stored-stream.ts). */
  readonly comparesFirst: boolean
  isUp = true
  /** Rises with each start: what was on its way before never arrives. */
  incarnation = 0
  onStored: (stored: Stored) => void = () => undefined
  /** Before it is on its way. */
  onSaid: (connection: ServedConnection, subject: string) => void = () => undefined
  /** Faults that happened, for proof. */
  onLost: (what: 'message' | 'feed' | 'acknowledgement') => void = () => undefined
  readonly #subscriptions = new Set<ServerSubscription>()
  readonly #readers = new Set<() => void>()

  constructor(world: World) {
    this.world = world
    this.random = world.random.split()
    const version = this.random.pick(['2.9', '2.11', '2.15', '2.15', '2.15'])
    this.letsEntriesExpire = version !== '2.9'
    this.comparesFirst = version === '2.15'
  }

  delayMs(): number {
    return this.random.skewed(0.05, this.weather.delayMs)
  }

  subscribe(subscription: ServerSubscription): () => void {
    this.#subscriptions.add(subscription)
    return () => this.#subscriptions.delete(subscription)
  }

  forget(connection: Pipe): void {
    for (const subscription of this.#subscriptions)
      if (subscription.connection === connection) this.#subscriptions.delete(subscription)
  }

  /** @returns whether anybody listens. */
  route(message: Carried): boolean {
    const tokens = message.subject.split('.')
    const queues = new Map<string, ServerSubscription[]>()
    let isHeard = false
    for (const subscription of this.#subscriptions) {
      if (!matches(subscription.tokens, tokens)) continue
      isHeard = true
      if (subscription.queue === undefined) this.#deliver(subscription, message, this.weather.loss)
      else queues.set(subscription.queue, [...(queues.get(subscription.queue) ?? []), subscription])
    }
    for (const members of queues.values())
      this.#deliver(this.random.pick(members), message, this.weather.loss)
    return isHeard
  }

  append(stream: StoredStream, publication: Publication) {
    const ack = stream.append(publication)
    if (ack.duplicate) return ack
    const stored = stream.at(ack.seq) as Stored
    this.onStored(stored)
    this.#republish(stream, stored)
    for (const read of this.#readers) read()
    return ack
  }

  /** Called when something has been stored. */
  onAppended(read: () => void): () => void {
    this.#readers.add(read)
    return () => this.#readers.delete(read)
  }

  stop(): void {
    this.isUp = false
    this.incarnation += 1
    this.#subscriptions.clear()
    this.#readers.clear()
    for (const connection of this.connections) connection.lose()
  }

  start(): void {
    for (const stream of this.streams.values()) stream.restart()
    this.isUp = true
  }

  #republish(stream: StoredStream, { seq, subject, json }: Stored): void {
    const { random, weather } = this
    const headers = new Map([
      ['Nats-Sequence', String(seq)],
      ['Nats-Stream', stream.config.name],
    ])
    const message = { subject: subject.replace('.log.', '.feed.'), payload: json, headers }
    // Outside of the lock under which it was stored.
    const lateMs = random.chance(weather.feedOvertaking) ? random.skewed(0.1, 60) : 0
    const { incarnation } = this
    const send = (): void => {
      if (incarnation !== this.incarnation) return
      const tokens = message.subject.split('.')
      for (const subscription of this.#subscriptions) {
        if (!matches(subscription.tokens, tokens)) continue
        this.#deliver(subscription, message, weather.feedLoss, 'feed')
        if (random.chance(weather.feedRepeat)) this.#deliver(subscription, message, 0)
      }
    }
    if (lateMs === 0) send()
    else this.world.after(lateMs, send)
  }

  // oxlint-disable-next-line max-params -- private
  #deliver(
    to: ServerSubscription,
    message: Carried,
    loss: number,
    what: 'message' | 'feed' = 'message',
  ): void {
    if (loss > 0 && this.random.chance(loss)) return this.onLost(what)
    if (to.connection.deafTo?.test(message.subject) === true) return this.onLost(what)
    if (to.generation === to.connection.generation) to.connection.down(() => to.deliver(message))
  }
}

function matches(pattern: readonly string[], subject: readonly string[]): boolean {
  for (const [index, token] of pattern.entries()) {
    if (token === '>') return subject.length > index
    if (subject[index] === undefined || (token !== '*' && token !== subject[index])) return false
  }
  return pattern.length === subject.length
}
