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
    const hit = this.#someOf(actor.connections.filter(({ isCut }) => !isCut))
    if (hit.length === 0) return
    this.told('link cut', actor.name)
    for (const connection of hit) {
      connection.isCut = true
      connection.lose()
    }
    this.for(forMs, () => {
      for (const connection of hit) connection.isCut = false
    })
  }

  // oxlint-disable-next-line max-params -- private
  impair(fault: string, actor: Actor, forMs: number, impair: (connection: Pipe) => void): void {
    const hit = actor.connections.filter(({ deafTo }) => deafTo === undefined)
    if (hit.length === 0) return
    this.told(fault, actor.name)
    for (const connection of hit) impair(connection)
    this.for(forMs, () => {
      for (const connection of hit) {
        connection.deafTo = undefined
        connection.isWithoutStreams = false
      }
    })
  }

  silence(actor: Actor, forMs: number, direction = this.#random.pick(['up', 'down', 'both'] as const)): void {
    const hit = this.#someOf(actor.connections.filter(isWhole))
    if (hit.length === 0) return
    this.told('link silent', `${actor.name} (${direction})`)
    for (const { held } of hit) {
      if (direction !== 'down') held.up = []
      if (direction !== 'up') held.down = []
    }
    const isLost = this.#random.chance(0.4)
    this.for(forMs, () => {
      for (const connection of hit) {
        if (isLost) connection.lose()
        else connection.release()
      }
    })
  }

  /** All of them, as when the network fails, or one alone, as when more arrives there than the process takes. */
  #someOf(connections: readonly Pipe[]): readonly Pipe[] {
    if (connections.length < 2 || this.#random.chance(0.5)) return connections
    return [this.#random.pick(connections)]
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

function isWhole({ held }: Pipe): boolean {
  return held.up === undefined && held.down === undefined
}
