/**
 * One process's connection to the broker: as much of a NatsConnection as the code under test uses.
 * Promise: subscriptions outlive the pipe; questions on their way when it breaks are not answered.
 */
import { errors, type NatsConnection, type Status } from '@nats-io/transport-node'

import type { Broker, Carried, ServedConnection } from './broker.ts'
import { Pipe } from './pipe.ts'
import type { VirtualProcess } from './virtual-time.ts'

interface Subscribed {
  readonly subject: string
  readonly queue: string | undefined
  readonly deliver: (message: Carried) => void
  unsubscribe: () => void
  leave: () => void
  isClosed: boolean
}

interface Asked {
  readonly resolve: (message: Carried | 'nobody') => void
}

const utf8 = new TextEncoder()
const connections = new WeakMap<object, SimulatedConnection>()

export function simulatedOf(nc: NatsConnection): SimulatedConnection {
  const connection = connections.get(nc)
  if (connection === undefined) throw new Error('this connection is not a simulated one')
  return connection
}

export class SimulatedConnection extends Pipe implements ServedConnection {
  readonly #broker: Broker
  readonly #id: number
  readonly #subscribed = new Set<Subscribed>()
  readonly #asked = new Map<string, Asked>()
  readonly #statuses = new Set<(status: Status) => void>()
  readonly #flushing = new Set<(error: Error) => void>()
  readonly #closed = Promise.withResolvers<void>()
  #asks = 0

  constructor(broker: Broker, process: VirtualProcess, id: number) {
    super(broker, process)
    this.#broker = broker
    this.#id = id
    broker.connections.add(this)
  }

  protected override disconnected(): void {
    // The client repeats itself, once for every dial that fails.
    this.#tell('disconnect')
  }

  protected override dialling(): void {
    for (const reject of this.#flushing) reject(new errors.RequestError('connection disconnected'))
    this.#flushing.clear()
  }

  protected override reconnected(): void {
    for (const subscribed of this.#subscribed) this.#announce(subscribed)
    this.#tell('reconnect')
  }

  #tell(type: 'disconnect' | 'reconnect'): void {
    for (const tell of this.#statuses) tell({ type, server: 'simulated' })
  }

  publish(subject: string, payload: string, options: Partial<Carried> = {}): void {
    const { reply, headers } = options
    this.#broker.onSaid(this, subject)
    this.up(() => void this.#broker.route({ subject, payload, reply, headers }))
  }

  request(subject: string, payload: string, { timeout }: { timeout: number }): Promise<unknown> {
    this.#broker.onSaid(this, subject)
    this.#asks += 1
    const inbox = `_INBOX.${this.#id}.${this.#asks}`
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#asked.delete(inbox)
        reject(new errors.TimeoutError())
      }, timeout)
      const settle = (message: Carried | 'nobody'): void => {
        if (!this.#asked.delete(inbox)) return
        clearTimeout(timer)
        if (message === 'nobody') reject(new errors.NoRespondersError(subject))
        else resolve(this.#message(message))
      }
      this.#asked.set(inbox, { resolve: settle })
      this.up(() => {
        if (!this.#broker.route({ subject, payload, reply: inbox })) this.down(() => settle('nobody'))
      })
    })
  }

  /** Sends an answer to the connection that asked. */
  respond(inbox: string, payload: string): void {
    this.up(() => {
      for (const connection of this.#broker.connections) connection.answered(inbox, payload)
    })
  }

  answered(inbox: string, payload: string): void {
    const [, id] = inbox.split('.')
    if (Number(id) === this.#id) this.down(() => this.#asked.get(inbox)?.resolve({ subject: inbox, payload }))
  }

  subscribe(
    subject: string,
    { queue, callback }: { queue?: string; callback: (error: null, message: object) => void },
  ): object {
    const subscribed: Subscribed = {
      subject,
      queue,
      deliver: (message) => {
        if (!subscribed.isClosed) callback(null, this.#message(message))
      },
      unsubscribe: () => unsubscribe(),
      leave: () => undefined,
      isClosed: false,
    }
    const closed = Promise.withResolvers<void>()
    const unsubscribe = (): void => {
      if (subscribed.isClosed) return
      subscribed.isClosed = true
      this.#subscribed.delete(subscribed)
      if (this.isUp && !this.isClosed) this.up(() => subscribed.leave())
      closed.resolve()
    }
    this.#subscribed.add(subscribed)
    this.#announce(subscribed)
    return {
      unsubscribe,
      drain: () => {
        unsubscribe()
        return this.flush().catch(() => undefined)
      },
      isClosed: () => subscribed.isClosed,
      closed: closed.promise,
      getSubject: () => subject,
    }
  }

  #announce(subscribed: Subscribed): void {
    const { subject, queue, deliver } = subscribed
    this.up(() => {
      if (subscribed.isClosed) return
      const { generation } = this
      const tokens = subject.split('.')
      subscribed.leave = this.#broker.subscribe({ connection: this, generation, tokens, queue, deliver })
    })
  }

  /** Rejects when the connection is lost under way. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#flushing.add(reject)
      this.up(() =>
        this.down(() => {
          this.#flushing.delete(reject)
          resolve()
        }),
      )
    })
  }

  async drain(): Promise<void> {
    for (const subscribed of this.#subscribed) subscribed.unsubscribe()
    await this.flush().catch(() => undefined)
    await this.close()
  }

  async close(): Promise<void> {
    if (this.isClosed) return
    this.isClosed = true
    this.generation += 1
    this.#broker.forget(this)
    this.#broker.connections.delete(this)
    this.#closed.resolve()
  }

  status(): AsyncIterable<Status> {
    const queue: Status[] = []
    let wake: (() => void) | undefined
    this.#statuses.add((status) => {
      queue.push(status)
      wake?.()
    })
    return (async function* () {
      for (;;) {
        for (let status = queue.shift(); status !== undefined; status = queue.shift()) yield status
        await new Promise<void>((resolve) => (wake = resolve))
      }
    })()
  }

  #message({ subject, payload, reply, headers }: Carried): object {
    return {
      subject,
      reply,
      headers,
      data: utf8.encode(payload),
      string: () => payload,
      json: () => JSON.parse(payload) as unknown,
      respond: (answer: string) => {
        if (reply !== undefined) this.respond(reply, answer)
      },
    }
  }

  /** As the code under test knows it. */
  get asNats(): NatsConnection {
    const methods = {
      info: {},
      publish: this.publish.bind(this),
      request: this.request.bind(this),
      subscribe: this.subscribe.bind(this),
      flush: this.flush.bind(this),
      drain: this.drain.bind(this),
      close: this.close.bind(this),
      closed: () => this.#closed.promise,
      status: this.status.bind(this),
      isClosed: () => this.isClosed,
    }
    connections.set(methods, this)
    return methods as unknown as NatsConnection
  }
}
