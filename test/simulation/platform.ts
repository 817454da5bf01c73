/**
 * Everything that processes of one simulation share: the world, the broker, the store, and who writes down what happens.
 */
import { Broker } from './broker.ts'
import { streamsOf } from './jetstream.ts'
import type { Stored } from './stored-stream.ts'
import { Store } from './store.ts'
import { Tally } from './tally.ts'
import { serveFrom } from './transport.ts'
import { enter } from './virtual-globals.ts'
import { World, type VirtualProcess } from './virtual-time.ts'

const quiet = (): void => undefined

export class Platform {
  readonly world: World
  readonly broker: Broker
  readonly store: Store
  readonly tally = new Tally()
  /** Undefined: nobody wants to read it. */
  readonly trace: string[] | undefined
  /** What a session replica is configured with when it starts. */
  leaseMs: number

  constructor(seed: number, options: { readonly isTraced: boolean; readonly leaseMs: number }) {
    this.world = new World(seed)
    this.trace = options.isTraced ? [] : undefined
    this.leaseMs = options.leaseMs
    enter(this.world)
    this.broker = new Broker(this.world)
    this.store = new Store(this.world)
    serveFrom(this.broker)
    streamsOf(this.broker)
    this.broker.onStored = (stored) => this.say('log', () => describe(stored))
    this.broker.onLost = (what) => this.tally.count(`lost ${what}`)
  }

  /** One line of the trace: when, who, what. */
  say(who: string, what: () => string): void {
    this.trace?.push(`${this.world.nowMs.toFixed(1).padStart(9)}  ${who.padEnd(12)} ${what()}`)
  }

  /** What a process logs. */
  loggerOf({ name }: VirtualProcess) {
    const log = (fields: object): void => {
      const { event = '', ...rest } = fields as { event?: string }
      this.tally.count(`log ${event}`)
      this.say(name, () => `${event} ${briefly(rest)}`)
    }
    return { info: log, warn: log, error: log, debug: quiet, trace: quiet, fatal: log }
  }
}

function describe({ seq, json }: Stored): string {
  const { type, id, ...rest } = JSON.parse(json) as {
    type: string
    id: string
    scope?: object
    member?: string
  }
  const about = rest.scope === undefined ? (rest.member ?? '') : Object.values(rest.scope).join(' ')
  return `${String(seq).padStart(4)} ${type} ${about} (${id.slice(0, 24)})`
}

function briefly(fields: object): string {
  const shown = Object.entries(fields).flatMap(([name, value]) => {
    if (value === undefined) return []
    if (value instanceof Error) return [`${name}=${value.message}`]
    return [`${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`]
  })
  return shown.join(' ').slice(0, 160)
}
