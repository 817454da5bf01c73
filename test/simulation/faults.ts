/**
 * What can go wrong, at random.
 * Promise: every fault that is counted has happened, and what was broken can be mended at any time.
 */
import { sequenceOf } from '@curfew/contracts'

import type { Actor } from './actor.ts'
import { Breaking } from './breaking.ts'
import { isCovered, type History } from './history.ts'
import type { Cast } from './people.ts'
import type { Platform } from './platform.ts'
import type { Random } from './random.ts'
import type { Replica } from './replica.ts'
import type { Stored, StoredStream } from './stored-stream.ts'
import { CALM, someWeather, type Weather } from './weather.ts'

const WEIGHTS = {
  pause: 5,
  suspend: 2,
  kill: 4,
  leave: 2,
  'wall clock set': 3,
  'link cut': 4,
  'link silent': 5,
  'deaf to members': 2,
  'deaf to the log': 2,
  'log out of reach': 3,
  storm: 3,
  'broker restart': 2,
  'store away': 2,
  'store hanging': 2,
  'store put back': 3,
  'lease length changed': 1,
} as const

type Fault = keyof typeof WEIGHTS

const DAY_MS = 86_400_000
/** Wall clocks are set by this much at most, either way. */
const WALL_CLOCK_MS = DAY_MS
/** On every clock, however fast or slow, sessions end in none or in each of them. */
const STANDSTILLS = [
  { days: 20, areSessionsOver: false },
  { days: 40, areSessionsOver: true },
] as const

export interface FaultsOptions {
  readonly history: History
  readonly waitMs: number
  /** A process goes on after a pause. */
  readonly onResumed: (actor: Actor) => void
}

export class Faults {
  readonly #platform: Platform
  readonly #cast: Cast
  readonly #history: History
  readonly #random: Random
  readonly #waitMs: number
  readonly #weather: Weather
  readonly #breaking: Breaking
  /** Whose wall clock is set back and whose machine is suspended must be two: nothing could tell how long it was. */
  readonly #areClocksSet: boolean
  hasRolledBack = false
  /** Remembers what the log has lost, and lives until the log says so. */
  #keeper: Actor | undefined
  #lost: readonly Stored[] = []
  #isOver = false

  constructor(platform: Platform, cast: Cast, { history, waitMs, onResumed }: FaultsOptions) {
    this.#platform = platform
    this.#cast = cast
    this.#history = history
    this.#waitMs = waitMs
    this.#random = platform.world.random.split()
    this.#breaking = new Breaking(platform, this.#random)
    this.#breaking.onResumed = onResumed
    this.#areClocksSet = this.#random.chance(0.5)
    this.#weather = this.#random.chance(0.5) ? CALM : someWeather(this.#random, 0.3)
    platform.broker.weather = this.#weather
    platform.store.lossiness = this.#random.skewed(0, 0.02)
    for (const replica of cast.replicas)
      replica.mayStart = () => !this.hasRolledBack || this.#history.areSomeUnaware
  }

  /** One after the other, and several at a time, for so long. */
  begin(forMs: number, { isRolledBack }: { isRolledBack: boolean }): void {
    const { world } = this.#platform
    const everyMs = this.#random.pick([200, 400, 800, 2_000])
    const next = (): void => {
      if (this.#isOver) return
      this.#happen(this.#random.weighted(WEIGHTS))
      world.after(this.#random.between(0, everyMs * 2), next)
    }
    world.after(this.#random.between(0, everyMs), next)
    this.#interrupt(this.#random.pick([0, 0.002, 0.02]))
    this.#aim(this.#random.pick([0, 0.2, 0.6]))
    if (isRolledBack) world.after(this.#random.between(forMs * 0.2, forMs * 0.9), () => this.#rollBack())
  }

  /** Some faults hit a process when it has just said something. */
  #interrupt(probability: number): void {
    const { broker, world } = this.#platform
    if (probability === 0) return
    broker.onSaid = (connection, subject) => {
      if (this.#isOver || !this.#random.chance(probability)) return
      const actor = this.#actors.find(({ process }) => process === connection.process)
      if (actor === undefined) return
      const fault = this.#random.weighted({ pause: 5, suspend: 2, kill: 1, 'link cut': 2, 'link silent': 4 })
      world.after(this.#random.skewed(0, 20), () => {
        this.#platform.say('FAULT', () => `after ${actor.name} has said ${subject}:`)
        this.#happen(fault, actor)
      })
    }
  }

  /** Some hit a guard at the very moment when there is something that it should hear. */
  #aim(probability: number): void {
    const { broker } = this.#platform
    const told = broker.onStored
    broker.onStored = (stored) => {
      told(stored)
      if (this.#isOver || !stored.subject.includes('.revoked.') || !this.#random.chance(probability)) return
      const guard = this.#random.pick(this.#cast.guards)
      const forMs = this.#waitMs * this.#random.between(0.3, 1.5)
      this.#platform.say('FAULT', () => `aimed at ${guard.name}, which is to hear of ${stored.seq}:`)
      const fault = this.#random.weighted({ silent: 3, 'deaf to the log': 2, pause: 1 })
      if (fault === 'silent') this.#breaking.silence(guard, forMs, 'down')
      else this.#happen(fault, guard)
    }
  }

  /**
   * Every process and the broker stand still for days. Then sessions are as live as before and the log still holds their ends,
   * or all of them are over and those ends have expired. Half of the processes are others afterwards and remember nothing, and
   * the store may be one from before the last end of a session.
   */
  standStill(): void {
    const { broker, world, tally } = this.#platform
    this.#breaking.mend()
    const { days, areSessionsOver } = this.#random.pick(STANDSTILLS)
    if (this.#random.chance(0.5)) this.#putStoreBack(this.#sinceLastEndMs())
    for (const actor of this.#actors)
      if (this.#random.chance(0.5)) this.#breaking.kill(actor, this.#random.between(0, 2_000))
    this.#breaking.restartBroker(this.#random.between(5, 500), () => {
      const log = broker.streams.get('CURFEW_1')
      const before = log?.size ?? 0
      this.#breaking.told('standstill', `for ${days} days`)
      world.leap(days * DAY_MS)
      tally.count('fact expired', before - (log?.size ?? 0))
    })
    if (areSessionsOver) for (const login of this.#history.logins) login.isLost = true
  }

  /** For how long the latest session has been over that nothing but its own end concerns. */
  #sinceLastEndMs(): number | undefined {
    const { logins, revocations } = this.#history
    const ends = logins.flatMap((login) => {
      const [end, ...others] = revocations.filter((revocation) => isCovered(login, revocation))
      const isOnlyOne = others.length === 0 && end?.entry.scope.type === 'session'
      return isOnlyOne && end.stored !== undefined ? [end.stored.atMs] : []
    })
    return ends.length === 0 ? undefined : this.#platform.world.nowMs - Math.max(...ends)
  }

  /** Everything works again; nothing breaks any more. */
  mend(): void {
    this.#isOver = true
    this.#breaking.mend()
    this.#platform.broker.weather = CALM
    this.#platform.store.lossiness = 0
    for (const actor of this.#actors) {
      if (actor.isLeaving) actor.kill()
      actor.startSoon(0)
    }
  }

  get #actors(): readonly Actor[] {
    return [...this.#cast.replicas, ...this.#cast.guards]
  }

  #happen(fault: Fault, actor: Actor = this.#random.pick(this.#actors)): void {
    const { broker, store } = this.#platform
    const forMs = this.#random.pick([0.1, 0.5, 1.5, 2.5]) * this.#waitMs * this.#random.between(0.5, 1)
    if ((fault === 'kill' || fault === 'leave') && actor === this.#keeper) return undefined
    switch (fault) {
      case 'pause':
        return this.#breaking.pause(actor, forMs, 0)
      case 'suspend':
        return this.#areClocksSet ? undefined : this.#breaking.pause(actor, forMs, 1)
      case 'kill':
        return this.#breaking.kill(actor, forMs)
      case 'leave':
        if (!actor.isServing) return undefined
        this.#breaking.told(fault, actor.name)
        return actor.leave(forMs)
      case 'wall clock set':
        if (!this.#areClocksSet) return undefined
        this.#breaking.told(fault, actor.name)
        actor.process.wallOffsetMs += Math.floor(
          this.#random.between(-1, 1) * this.#random.pick([1_000, WALL_CLOCK_MS]),
        )
        return undefined
      case 'link cut':
        return this.#breaking.cut(actor, forMs)
      case 'link silent':
        return this.#breaking.silence(actor, forMs)
      case 'deaf to members':
        return this.#breaking.impair(fault, actor, forMs, (connection) => {
          connection.deafTo = /\.(?:lease\.renew|ack)\./
        })
      case 'deaf to the log':
        return this.#breaking.impair(fault, actor, forMs, (connection) => {
          connection.deafTo = /\.feed\./
        })
      case 'log out of reach':
        return this.#breaking.impair(fault, actor, forMs, (connection) => {
          connection.deafTo = /\.feed\./
          connection.isWithoutStreams = true
        })
      case 'storm':
        this.#breaking.told(fault, 'the network')
        broker.weather = someWeather(this.#random, 1)
        return this.#breaking.for(forMs, () => (broker.weather = this.#weather))
      case 'broker restart':
        return this.#breaking.restartBroker(forMs / 2, () => undefined)
      case 'store away':
        if (!store.isUp) return undefined
        this.#breaking.told(fault, 'the store')
        store.isUp = false
        store.restart()
        return this.#breaking.for(forMs, () => (store.isUp = true))
      case 'store hanging':
        if (store.hanging !== undefined) return undefined
        this.#breaking.told(fault, 'the store')
        store.hanging = []
        return this.#breaking.for(forMs / 2, () => {
          const waiting = store.hanging ?? []
          store.hanging = undefined
          for (const run of waiting) run()
        })
      case 'store put back':
        return this.#putStoreBack()
      case 'lease length changed':
        // For those that start from here on.
        this.#breaking.told(fault, 'the operator')
        this.#platform.leaseMs = this.#random.pick([1_000, 1_200, 1_500])
        return undefined
    }
  }

  /** Also what is left of one that was killed: the last moments are missing. */
  #putStoreBack(agoMs = this.#random.pick([300, 1_000, 4_000])): void {
    const { store } = this.#platform
    // What the log has lost must be remembered somewhere.
    if (this.hasRolledBack || !store.isUp) return
    this.#breaking.told('store put back', 'the store')
    store.putBack(agoMs)
    for (const login of this.#history.logins) login.isLost ||= !store.held.sessions.has(login.id)
  }

  /**
   * The broker starts from an older store, while somebody runs who has read all that it lacks: what nobody remembers, nobody
   * misses. He lives until the log says what it is. Half of the times nobody else runs who has not read it, and nobody starts:
   * then what was lost is never forgotten. Later the log may lose as well that it was closed.
   */
  #rollBack(): void {
    const { broker, world } = this.#platform
    const stream = broker.streams.get('CURFEW_1')
    if (stream === undefined || !broker.isUp || this.#isOver) return
    const aware = this.#cast.replicas.filter(
      ({ opened, isServing }) => isServing && opened && sequenceOf(opened.view.applied) >= stream.lastSeq,
    )
    if (aware.length === 0) return void world.after(50, () => this.#rollBack())
    const to = Math.max(1, stream.lastSeq - this.#random.whole(1, 40))
    this.#breaking.restartBroker(this.#random.between(5, 500), () => {
      if (this.#random.chance(0.3) && this.#loseOne(stream, aware)) return
      this.#keeper = this.#random.pick(aware)
      this.#history.areSomeUnaware = this.#random.chance(0.5)
      if (!this.#history.areSomeUnaware)
        for (const replica of this.#cast.replicas) if (!aware.includes(replica)) replica.kill()
      this.#loseEnd(stream, to)
      this.#whenClosed(stream)
    })
  }

  #whenClosed(stream: StoredStream): void {
    const { broker, world } = this.#platform
    const told = broker.onStored
    broker.onStored = (stored) => {
      told(stored)
      if (!stored.subject.endsWith('.closed')) return
      broker.onStored = told
      this.#keeper = undefined
      if (!this.#random.chance(0.3)) return
      world.after(this.#random.between(50, 3_000), () => this.#loseClosing(stream, stored.seq))
    }
  }

  /** While somebody is frozen by it. */
  #loseClosing(stream: StoredStream, seq: number): void {
    const { broker } = this.#platform
    const frozen = this.#cast.replicas.filter(({ opened, isServing }) => isServing && opened?.log.isFrozen)
    if (frozen.length === 0 || !broker.isUp || this.#isOver) return
    this.#breaking.restartBroker(this.#random.between(5, 500), () => {
      this.#keeper = this.#random.pick(frozen)
      this.#history.closedAtMs = undefined
      this.#platform.tally.count('closing lost')
      this.#loseEnd(stream, Math.max(1, seq - this.#random.whole(1, 10)))
    })
  }

  /**
   * The end of a session, long before it may expire: only a replica that has applied it misses it.
   * @returns false when there is none that one of these has applied
   */
  #loseOne(stream: StoredStream, aware: readonly Replica[]): boolean {
    const one = stream.from(1).findLast(({ subject }) => subject.includes('.revoked.session.'))
    if (one === undefined) return false
    const haveApplied = aware.filter(({ opened }) => opened && sequenceOf(opened.since) < one.seq)
    if (haveApplied.length === 0) return false
    this.#keeper = this.#random.pick(haveApplied)
    this.#breaking.told('entry lost', String(one.seq))
    this.#history.areSomeUnaware = true
    stream.lose(one)
    this.#noteLost([one])
    this.#whenClosed(stream)
    return true
  }

  #loseEnd(stream: StoredStream, to: number): void {
    this.#breaking.told('log rolled back', `from ${stream.lastSeq} to ${to}`)
    this.#noteLost(stream.rollBack(to))
  }

  #noteLost(lost: readonly Stored[]): void {
    this.hasRolledBack = true
    this.#lost = [...this.#lost, ...lost]
    const ids = new Set(lost.map(({ id }) => id))
    for (const revocation of this.#history.revocations)
      if (ids.has(revocation.entry.id)) revocation.isRolledBack = true
  }

  /**
   * Of those who remember all of it, one notices at once. Others may be quicker to write where it was, and may carry on for so
   * long that nothing stands there any more: then what is missed are facts, and not barriers.
   */
  get mustBeNoticed(): boolean {
    const stream = this.#platform.broker.streams.get('CURFEW_1')
    const isGone = ({ seq, subject }: Stored): boolean => (stream?.latestOf(subject)?.seq ?? 0) < seq
    // Somebody who was not answered may have said the same in the same place.
    return this.#lost.some((lost) =>
      this.#history.areSomeUnaware ? isGone(lost) : stream?.at(lost.seq)?.id !== lost.id,
    )
  }
}
