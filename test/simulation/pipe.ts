/**
 * What carries messages between a process and the broker, in both directions.
 * Promise: messages in one direction never overtake each other; what is in the pipe when it breaks is gone. The process
 * notices after a while and dials until it is through again.
 */
import { errors } from '@nats-io/transport-node'

import type { Random } from './random.ts'
import type { VirtualProcess, World } from './virtual-time.ts'

const RECONNECT_MS = 250

/** The server at the other end. */
export interface PipeEnd {
  readonly world: World
  readonly random: Random
  readonly isUp: boolean
  delayMs(): number
  forget(pipe: Pipe): void
}

export abstract class Pipe {
  readonly process: VirtualProcess
  /** Rises with each loss. */
  generation = 0
  isUp = true
  isClosed = false
  /** Nothing gets through as long as it is cut. */
  isCut = false
  /** Subjects that are lost on the way to it, as when a route of a cluster has forgotten about it. */
  deafTo: RegExp | undefined
  /** Nothing of JetStream answers it, as when its side has no leader. */
  isWithoutStreams = false
  /** Directions in which everything is held back. */
  readonly held = {
    up: undefined as (() => void)[] | undefined,
    down: undefined as (() => void)[] | undefined,
  }
  readonly #server: PipeEnd
  readonly #world: World
  #pending: (() => void)[] = []
  #upAt = 0
  #downAt = 0

  constructor(server: PipeEnd, process: VirtualProcess) {
    this.#server = server
    this.#world = server.world
    this.process = process
  }

  /** The loss was noticed, or a dial has failed. */
  protected abstract disconnected(): void
  /** About to dial: whoever waits for an answer on the old pipe gets none. */
  protected abstract dialling(): void
  /** Through again. */
  protected abstract reconnected(): void

  /** Runs at the server, if it gets there. */
  up(run: () => void): void {
    if (this.isClosed) throw new errors.ClosedConnectionError()
    if (!this.isUp) {
      this.#pending.push(run)
      return
    }
    const { generation } = this
    this.#upAt = Math.max(this.#upAt, this.#world.nowMs + this.#server.delayMs())
    this.#world.after(this.#upAt - this.#world.nowMs, () => {
      if (generation !== this.generation || this.isCut || !this.#server.isUp) return
      if (this.held.up === undefined) run()
      else this.held.up.push(run)
    })
  }

  /** Runs in the process, if it gets there. */
  down(run: () => void): void {
    const { generation } = this
    this.#downAt = Math.max(this.#downAt, this.#world.nowMs + this.#server.delayMs())
    const arrive = (): void => {
      if (generation === this.generation && !this.isClosed) run()
    }
    this.#world.after(this.#downAt - this.#world.nowMs, () => {
      if (generation !== this.generation || this.isCut) return
      if (this.held.down === undefined) this.#world.after(0, arrive, { process: this.process })
      else this.held.down.push(() => this.#world.after(0, arrive, { process: this.process }))
    })
  }

  /** The pipe breaks. The server knows at once, the client after a moment. */
  lose(): void {
    this.generation += 1
    this.held.up = undefined
    this.held.down = undefined
    this.#server.forget(this)
    if (this.isClosed) return
    const { generation } = this
    const notice = (): void => {
      if (generation !== this.generation || this.isClosed) return
      if (this.isUp) {
        this.isUp = false
        this.disconnected()
      }
      this.#reconnect(generation)
    }
    this.#world.after(this.#server.random.skewed(0.1, 40), notice, { process: this.process })
  }

  /** What was held back arrives, in order. */
  release(): void {
    const { up = [], down = [] } = this.held
    this.held.up = undefined
    this.held.down = undefined
    for (const run of [...up, ...down]) run()
  }

  #reconnect(generation: number): void {
    const inMs = RECONNECT_MS + this.#server.random.between(0, 100)
    const dial = (): void => {
      if (generation !== this.generation || this.isClosed) return
      this.dialling()
      if (this.#server.isUp && !this.isCut) return this.#restore()
      // The client repeats itself, once for every dial that fails.
      this.disconnected()
      this.#reconnect(generation)
    }
    this.#world.after(inMs, dial, { process: this.process, kind: 'timer' })
  }

  #restore(): void {
    this.isUp = true
    const pending = this.#pending.splice(0)
    this.reconnected()
    // The client empties its buffer when it dials, and takes what is said while it does.
    for (const run of pending) if (this.#server.random.chance(0.5)) this.up(run)
  }
}
