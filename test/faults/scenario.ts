/**
 * One fault under load, from a healthy system to a healthy system, and the verdict over what was seen meanwhile.
 */
import { expect } from 'vitest'

import { checkHistory } from './check-history.ts'
import type { Holder } from './checking.ts'
import { ControlClock } from './control-clock.ts'
import { excerptOf } from './excerpt.ts'
import { History, type Check, type Entry, type Fault } from './history.ts'
import { Load } from './load.ts'
import { VICTIMS } from './people.ts'
import { starvationOf } from './process-state.ts'
import type { Chance } from './seed.ts'
import { keepLogs } from './logs.ts'
import { GUARDS, LEASE_MS, REPLICAS, SCHEDULING_MS, WAIT_MS, type World } from './world.ts'

/** How often in a row every guard admits bystanders before it counts as serving. */
const SERVED_TIMES = 5
/** For waiting; how soon it must be is for the checker to say. */
const SERVED_WITHIN_MS = 30_000
const POLL_MS = 10

export interface FaultPlan extends Pick<Fault, 'name' | 'dead' | 'affected'> {
  /** Brings it about, and answers how that is known. @throws when it cannot be proven */
  readonly begin: () => Promise<string> | string
  /** What is done while it lasts, or how long it lasts. */
  readonly during: (() => Promise<void>) | readonly [leastMs: number, mostMs: number]
  /** Repairs it, and answers what was counted meanwhile where that belongs to the proof. @throws likewise */
  readonly end: () => Promise<string | void> | string | void
}

/** What an earlier scenario leaves to the next: sessions that are over, and why. */
export interface Past {
  readonly ended: readonly Holder[]
  readonly entries: readonly Entry[]
}

const ENDED_REMEMBERED = 24

export interface ScenarioParts {
  readonly world: World
  readonly chance: Chance
  readonly operator: Holder
  readonly past: Past
  readonly hasGlobalRevocations?: boolean
}

export class Scenario {
  readonly world: World
  readonly chance: Chance
  readonly history: History
  readonly load: Load
  readonly #past: Past

  constructor({ past, hasGlobalRevocations = false, ...parts }: ScenarioParts) {
    this.world = parts.world
    this.chance = parts.chance
    const { servers, system } = parts.world
    const processes = Object.values(system.services.replicas).flat()
    this.history = new History(
      starvationOf(() => [
        ...processes,
        { name: 'nats', pid: servers.nats.pid },
        { name: 'redis', pid: servers.redis.pid },
      ]),
      past.entries,
    )
    this.load = new Load({ ...parts, hasGlobalRevocations, history: this.history })
    this.#past = past
  }

  /** The latest of the sessions that ended, with their ends. */
  get legacy(): Past {
    const ended = [...this.#past.ended, ...this.load.ended].slice(-ENDED_REMEMBERED)
    const ids = new Set(ended.map(({ id }) => id))
    const logins = this.history.entries
      .filter((entry) => entry.kind === 'login')
      .filter(({ session }) => ids.has(session))
    const sinceMs = Math.min(...logins.map(({ startMs }) => startMs))
    const ends = this.history.entries.filter(
      (entry) => (entry.kind === 'change' || entry.kind === 'try') && entry.startMs >= sinceMs,
    )
    return { ended, entries: [...logins, ...ends] }
  }

  /** Load that everybody is served under. */
  async begin(): Promise<void> {
    await this.#introduceEverybody()
    this.load.start()
    await this.untilServed()
  }

  /** Health again, and every session looked at once more. */
  async end(): Promise<void> {
    await this.untilServed()
    await this.load.stop()
    await this.#lookAtTheEnd()
  }

  /** Whatever has happened. */
  async close(): Promise<void> {
    await this.load.stop(true)
    this.history.close()
  }

  async fault({ begin, during, end, ...described }: FaultPlan, more: Partial<Fault> = {}): Promise<void> {
    const startMs = performance.now()
    let proof = ''
    try {
      proof = await begin()
      if (typeof during === 'function') await during()
      else await this.pause(...during)
    } finally {
      const counted = await end()
      if (counted !== undefined) proof += `; ${counted}`
      this.history.add({ kind: 'fault', ...described, ...more, proof, startMs, endMs: performance.now() })
    }
  }

  /** How much was seen. */
  get summary(): string {
    const count = (kind: string): number => this.history.entries.filter((entry) => entry.kind === kind).length
    const first = this.history.entries.find((entry) => entry.kind === 'tick')
    const fromMs = first?.atMs ?? 0
    const nowMs = performance.now()
    const starved = new ControlClock(this.history.entries).starvedMs(fromMs, nowMs) / (nowMs - fromMs)
    const shares = `processors were missing ${(100 * starved).toFixed(0)} % of the time`
    return `${count('check')} checks, ${count('change')} changes, ${count('login')} logins, ${count('fault')} faults; ${shares}`
  }

  async pause(leastMs: number, mostMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.chance.between(leastMs, mostMs)))
  }

  /** From now on, everywhere; and changes are confirmed again. */
  async untilServed(): Promise<void> {
    this.load.countFromNow()
    await this.until('everybody is served', () => this.load.isServed(SERVED_TIMES))
    await this.world.system.untilReady()
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
    const startMs = performance.now()
    while (!(await isSo())) {
      const clock = new ControlClock(this.history.entries)
      if (clock.elapsedMs(startMs, performance.now()) > SERVED_WITHIN_MS) {
        this.judge()
        throw new Error(`waited in vain until ${what}`)
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  /** @throws AssertionError with the part of the history that contradicts a promise */
  judge(): void {
    const { entries } = this.history
    const promises = { waitMs: WAIT_MS, recoveryMs: 2 * WAIT_MS + SCHEDULING_MS, starvedMs: LEASE_MS / 3 }
    const violations = checkHistory(entries, promises)
    if (violations.length === 0) return
    const logs = keepLogs(this.world)
    expect.fail(`broken promises:\n${excerptOf(entries, violations)}\n  logs of all processes: ${logs}`)
  }

  /** For whoever reads a failure that is not a broken promise: what had been broken so far. */
  tell(): void {
    console.error(`${excerptOf(this.history.entries, [])}\n  logs of all processes: ${keepLogs(this.world)}`)
  }

  async #introduceEverybody(): Promise<void> {
    for (const victim of VICTIMS)
      if (!(await this.load.operating.introduce(victim, 'grants', () => false)))
        throw new Error('a user could not be given permissions')
    // A replica knows the operators whom it has met while Redis is down.
    for (const replica of REPLICAS)
      await this.load.checking.ask(this.load.operating.operator, replica, this.load.operating.operator)
  }

  /** Every session that was ended, and those that were not, at every process that can be asked. */
  async #lookAtTheEnd(): Promise<void> {
    const { checking, operating, ended, live } = this.load
    for (const holder of [...this.#past.ended, ...ended, ...live])
      await Promise.all([
        ...GUARDS.map((guard) => this.#settled(() => checking.check(holder, guard, { isFinal: true }))),
        ...REPLICAS.map((replica) => this.#settled(() => checking.ask(holder, replica, operating.operator))),
      ])
  }

  /** Whoever was not ready to say may be asked again. */
  async #settled(ask: () => Promise<Check>): Promise<void> {
    await this.until('there is a verdict', async () => (await ask()).isFinal)
  }
}

/** From a healthy system to a healthy system, and the verdict. @throws AssertionError */
export async function expectPromisesKept(scenario: Scenario, run: () => Promise<void>): Promise<void> {
  try {
    await scenario.begin()
    await run()
    await scenario.end()
  } catch (error) {
    scenario.tell()
    throw error
  } finally {
    await scenario.close()
  }
  scenario.judge()
}
