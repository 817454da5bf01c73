/**
 * How single parts are broken.
 * Promise: what is counted has happened; each part is mended after its time, or all of them at once.
 */
import type { Actor } from './actor.ts'
import type { Pipe } from './pipe.ts'
import type { Platform } from './platform.ts'
import type { Random } from './random.ts'

export class Breaking {
  readonly #platform: Platform
  readonly #random: Random
  readonly #mending = new Set<() => void>()
  onResumed: (actor: Actor) => void = () => undefined

  constructor(platform: Platform, random: Random) {
    this.#platform = platform
    this.#random = random
  }

  mend(): void {
    for (const mend of this.#mending) mend()
    this.#mending.clear()
  }

  pause(actor: Actor, forMs: number, suspended: 0 | 1): void {
    const { process } = actor
    if (process.state !== 'running') return
    const { world } = this.#platform
    this.told(suspended ? 'suspend' : 'pause', actor.name)
    world.pause(process)
    const sinceMs = world.nowMs
    const goOn = (): void => {
      this.#platform.say(actor.name, () => 'goes on')
      world.resume(process, (world.nowMs - sinceMs) * suspended)
      this.onResumed(actor)
    }
    // What it hears first when it goes on may be long ago.
    if (this.#random.chance(0.3)) this.silence(actor, forMs * 1.5, 'down')
    this.for(forMs, goOn)
  }

  kill(actor: Actor, forMs: number): void {
    if (!actor.process.isAlive) return
    this.told('kill', actor.name)
    actor.kill()
    actor.startSoon(forMs / 2)
  }

  cut(actor: Actor, forMs: number): void {
    const { connection } = actor
    if (connection === undefined || connection.isCut) return
    this.told('link cut', actor.name)
    connection.isCut = true
    connection.lose()
    this.for(forMs, () => (connection.isCut = false))
  }

  // oxlint-disable-next-line max-params -- private
  impair(fault: string, actor: Actor, forMs: number, impair: (connection: Pipe) => void): void {
    const { connection } = actor
    if (connection === undefined || connection.deafTo !== undefined) return
    this.told(fault, actor.name)
    impair(connection)
    this.for(forMs, () => {
      connection.deafTo = undefined
      connection.isWithoutStreams = false
    })
  }

  silence(actor: Actor, forMs: number, direction = this.#random.pick(['up', 'down', 'both'] as const)): void {
    const { connection } = actor
    const { held } = connection ?? {}
    if (connection === undefined || held === undefined || held.up !== undefined || held.down !== undefined)
      return
    this.told('link silent', `${actor.name} (${direction})`)
    if (direction !== 'down') held.up = []
    if (direction !== 'up') held.down = []
    const isLost = this.#random.chance(0.4)
    this.for(forMs, () => (isLost ? connection.lose() : connection.release()))
  }

  restartBroker(forMs: number, meanwhile: () => void): void {
    const { broker } = this.#platform
    if (!broker.isUp) return
    this.told('broker restart', 'the broker')
    broker.stop()
    meanwhile()
    this.for(forMs, () => broker.start())
  }

  for(ms: number, mend: () => void): void {
    this.#mending.add(mend)
    this.#platform.world.after(ms, () => {
      if (this.#mending.delete(mend)) mend()
    })
  }

  told(fault: string, whom: string): void {
    this.#platform.tally.count(`fault ${fault}`)
    this.#platform.say('FAULT', () => `${fault}: ${whom}`)
  }
}
