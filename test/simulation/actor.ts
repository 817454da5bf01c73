/**
 * One process with a place in the system: it is started, may crash, be killed or leave, and is started again as another.
 */
import { connectMessaging } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import { simulatedOf, type SimulatedConnection } from './connection.ts'
import type { Platform } from './platform.ts'
import type { VirtualProcess } from './virtual-time.ts'

/** A bound on what the clocks of machines that are well differ by. */
const DRIFT = 0.08

export abstract class Actor {
  readonly name: string
  protected readonly platform: Platform
  process: VirtualProcess
  #connections: NatsConnection[] = []
  /** How many times it was started. */
  incarnation = 0
  isLeaving = false
  mayStart: () => boolean = () => true

  constructor(platform: Platform, name: string) {
    this.platform = platform
    this.name = name
    this.process = this.#newProcess()
  }

  /** True from when it serves until it is gone. */
  abstract readonly isServing: boolean
  protected abstract open(process: VirtualProcess): Promise<void>
  protected abstract close(): Promise<void>
  /** Nothing of the process before may be used any more. */
  protected abstract forget(): void

  get connections(): SimulatedConnection[] {
    return this.#connections.map(simulatedOf)
  }

  protected async connect(process: VirtualProcess): Promise<NatsConnection> {
    const logger = this.platform.loggerOf(process)
    const nc = await connectMessaging({ url: 'nats://127.0.0.1:4222', name: process.name, logger })
    this.#connections.push(nc)
    return nc
  }

  start(): void {
    if (this.incarnation > 0) this.process = this.#newProcess()
    this.incarnation += 1
    this.isLeaving = false
    const { process } = this
    this.inside(() => {
      this.platform.say(this.name, () => `starts (clock rate ${process.rate.toFixed(3)})`)
      this.open(process).catch((error: unknown) => {
        if (!process.isAlive || process !== this.process) return
        this.platform.say(this.name, () => `does not start: ${String(error)}`)
        this.platform.tally.count('start failed')
        this.kill()
        this.startSoon(500)
      })
    })
  }

  startSoon(inMs: number): void {
    this.platform.world.after(inMs, () => {
      if (!this.process.isAlive && this.mayStart()) this.start()
    })
  }

  /** SIGKILL: what it was about to do is not done, and the server finds the connection closed. */
  kill(): void {
    this.platform.world.kill(this.process)
    const { connections } = this
    this.#connections = []
    this.forget()
    for (const connection of connections) {
      connection.isClosed = true
      this.platform.broker.connections.delete(connection)
      connection.lose()
    }
  }

  /** SIGTERM: it has ten seconds. */
  leave(thenStartInMs: number): void {
    const { process } = this
    this.isLeaving = true
    const end = (): void => {
      if (process !== this.process || !process.isAlive) return
      this.kill()
      this.startSoon(thenStartInMs)
    }
    // Whoever has said goodbye may take a while to be gone.
    const endSoon = (): void =>
      void this.platform.world.after(this.platform.world.random.between(0, 1_500), end)
    this.inside(() => void this.close().then(endSoon, endSoon))
    this.platform.world.after(10_000, end)
  }

  /** Runs in the process, as if a message had come in. */
  inside(run: () => void): void {
    this.platform.world.after(0, run, { process: this.process })
  }

  #newProcess(): VirtualProcess {
    const { random } = this.platform.world
    // The worst that is allowed is the most likely.
    const rate = 1 + random.pick([-DRIFT, DRIFT, random.between(-DRIFT, DRIFT)])
    return this.platform.world.process(this.name, {
      rate,
      wallOffsetMs: Math.floor(random.between(-5_000, 5_000)),
    })
  }
}
