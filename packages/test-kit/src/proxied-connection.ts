/**
 * One connection through a `FaultProxy`: two sockets, and what waits between them.
 * Promise: each direction keeps its order; the end of one side reaches the other after all bytes before it.
 */
import type { Socket } from 'node:net'

export type Direction = 'to-server' | 'to-client'

export interface ConnectionRules {
  readonly isHeld: (direction: Direction) => boolean
  readonly delayMs: () => number
  readonly held: (bytes: number) => void
  readonly delayed: (bytes: number) => void
  readonly closed: () => void
}

/** A direction keeps at most this much; beyond it the sender feels the back-pressure of a full window. */
const WAITING_BYTES_MAX = 8 * 1024 * 1024

export class ProxiedConnection {
  readonly #lanes: readonly Lane[]

  constructor(client: Socket, server: Socket, rules: ConnectionRules) {
    let open = 2
    const closed = (): void => {
      open -= 1
      if (open === 0) rules.closed()
    }
    this.#lanes = [
      new Lane('to-server', { sender: client, receiver: server, closed }, rules),
      new Lane('to-client', { sender: server, receiver: client, closed }, rules),
    ]
  }

  /** True while something waits to arrive. */
  get isHolding(): boolean {
    return this.#lanes.some((lane) => lane.isHolding)
  }

  reset(): void {
    for (const lane of this.#lanes) lane.reset()
  }

  /** What was held goes on its way, where the rules let it. */
  release(): void {
    for (const lane of this.#lanes) lane.flow()
  }
}

interface Ends {
  readonly sender: Socket
  readonly receiver: Socket
  readonly closed: () => void
}

/** One direction. */
class Lane {
  readonly #direction: Direction
  readonly #ends: Ends
  readonly #rules: ConnectionRules
  /** What the sender sent, or that it is gone. */
  readonly #waiting: { readonly sent: Buffer | 'gone'; readonly dueMs: number }[] = []
  #waitingBytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(direction: Direction, ends: Ends, rules: ConnectionRules) {
    this.#direction = direction
    this.#ends = ends
    this.#rules = rules
    const { sender, receiver } = ends
    sender.setNoDelay()
    // A reset is seen as `close`.
    sender.on('error', () => {})
    sender.on('data', (bytes: Buffer) => this.#take(bytes))
    sender.on('close', () => {
      this.#take('gone')
      ends.closed()
    })
    receiver.on('drain', () => this.#resume())
  }

  get isHolding(): boolean {
    return this.#waiting.length > 0
  }

  reset(): void {
    clearTimeout(this.#timer)
    this.#ends.sender.resetAndDestroy()
  }

  flow(): void {
    clearTimeout(this.#timer)
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (this.#rules.isHeld(this.#direction)) return
      const earlyMs = next.dueMs - performance.now()
      if (earlyMs > 0) {
        this.#timer = setTimeout(() => this.flow(), earlyMs)
        return
      }
      this.#waiting.shift()
      this.#deliver(next.sent)
    }
    this.#resume()
  }

  #take(sent: Buffer | 'gone'): void {
    const delayMs = this.#rules.delayMs()
    this.#waiting.push({ sent, dueMs: performance.now() + delayMs })
    if (sent !== 'gone') {
      if (this.#rules.isHeld(this.#direction)) this.#rules.held(sent.length)
      else if (delayMs > 0) this.#rules.delayed(sent.length)
      this.#waitingBytes += sent.length
      if (this.#waitingBytes > WAITING_BYTES_MAX) this.#ends.sender.pause()
    }
    this.flow()
  }

  #deliver(sent: Buffer | 'gone'): void {
    const { sender, receiver } = this.#ends
    if (sent === 'gone') return receiver.destroySoon()
    this.#waitingBytes -= sent.length
    if (!receiver.destroyed && !receiver.write(sent)) sender.pause()
  }

  #resume(): void {
    if (this.#waitingBytes <= WAITING_BYTES_MAX && !this.#ends.receiver.writableNeedDrain)
      this.#ends.sender.resume()
  }
}
