/**
 * One seed from beginning to end: the system starts, works under faults, is mended, and must be well again.
 * Promise: the same seed does the same; whatever breaks a promise is thrown as PromiseBroken.
 */
import { GATEWAY_AUDIENCE, type Audience } from '@curfew/contracts'
import { waitForMs } from '@curfew/protocol'

import type { Actor } from './actor.ts'
import { Faults } from './faults.ts'
import { Guard } from './guard.ts'
import { History, PromiseBroken, isCovered, mayBeOver, type Login } from './history.ts'
import { People, type Cast } from './people.ts'
import { Platform } from './platform.ts'
import { Replica } from './replica.ts'

export interface Simulated {
  readonly seed: number
  readonly broken: string | undefined
  readonly virtualMs: number
  readonly checks: number
  readonly happened: number
  readonly fingerprint: number
  readonly counts: Readonly<Record<string, number>>
  readonly trace: readonly string[] | undefined
}

const LEASE_MS = 1_000
/** The longest that a lease is changed to. */
const LEASE_MS_MOST = 1_500
const WAIT_MS = waitForMs(LEASE_MS_MOST)
const START_MS = 1_500
/** Retries of a publication and of those who asked for it have ended. */
const RECOVERY_MS = WAIT_MS + 4_000

/** Set by whoever runs it: what a process threw that nobody there caught. */
let uncaught: ((error: unknown) => void) | undefined
export function noteUncaught(error: unknown): void {
  uncaught?.(error)
}

export async function simulate(seed: number, { isTraced = false } = {}): Promise<Simulated> {
  const platform = new Platform(seed, { isTraced, leaseMs: LEASE_MS })
  const history = new History(() => WAIT_MS)
  let broken: string | undefined
  const fail = (error: unknown): void => {
    broken ??=
      error instanceof PromiseBroken
        ? error.message
        : `uncaught: ${error instanceof Error ? error.stack : String(error)}`
  }
  platform.world.onUncaught = fail
  uncaught = fail
  try {
    await play(platform, history, () => broken !== undefined)
  } catch (error) {
    fail(error)
  }
  uncaught = undefined
  if (broken !== undefined) platform.say('BROKEN', () => broken ?? '')
  const { world, tally, trace } = platform
  return {
    seed,
    broken,
    virtualMs: world.nowMs - world.leaptMs,
    checks: history.checks,
    happened: world.happened,
    fingerprint: world.fingerprint,
    counts: tally.counts,
    trace,
  }
}

async function play(platform: Platform, history: History, isBroken: () => boolean): Promise<void> {
  const { world, broker } = platform
  const random = world.random.split()
  const cast = castOf(platform, random.whole(1, 3), random.whole(2, 3))
  const people = new People(platform, history, cast)
  const told = broker.onStored
  broker.onStored = (stored) => (people.noteStored(stored), told(stored))
  const until = async (ms: number): Promise<void> => {
    // In steps, so that what is broken is not simulated to its end.
    for (const to = world.nowMs + ms; world.nowMs < to && !isBroken();)
      await world.run(Math.min(to, world.nowMs + 250))
  }

  for (const [index, replica] of cast.replicas.entries()) world.after(index * 20, () => replica.start())
  for (const guard of cast.guards) world.after(300, () => guard.start())
  await until(START_MS)
  people.work()
  await until(500)
  const onResumed = (actor: Actor): void => {
    if (actor instanceof Guard) people.crowd(actor)
  }
  const faults = new Faults(platform, cast, { history, waitMs: WAIT_MS, onResumed })
  const forMs = random.between(5_000, 12_000)
  const isRolledBack = random.chance(0.15)
  faults.begin(forMs, { isRolledBack })
  await until(forMs)
  if (!isRolledBack && random.chance(0.1)) {
    faults.standStill()
    people.tryEnded(forMs)
    await until(forMs)
  }
  faults.mend()
  await until(RECOVERY_MS)
  people.rest()
  await until(1_000)
  if (isBroken()) return
  if (history.closedAtMs !== undefined && !faults.hasRolledBack)
    throw new PromiseBroken('the log was closed, though it had lost nothing')
  if (history.closedAtMs !== undefined || faults.mustBeNoticed)
    await expectFrozen(platform, { cast, people, history, until })
  else if (!faults.hasRolledBack) await expectWell(platform, { cast, people, history, until })
}

interface Ending {
  readonly cast: Cast
  readonly people: People
  readonly history: History
  readonly until: (ms: number) => Promise<void>
}

/** Whoever is well is served, whoever is over is refused, and revocations are confirmed. */
async function expectWell(platform: Platform, { cast, people, history, until }: Ending): Promise<void> {
  const { world } = platform
  for (const actor of [...cast.replicas, ...cast.guards])
    if (!actor.isServing)
      throw new PromiseBroken(`${actor.name} does not serve, long after all faults were mended`)
  const unconfirmed = history.revocations.find(
    (each) => each.isAcknowledged && each.confirmedAtMs === undefined,
  )
  // A store that was put back has lost the record; where the log has superseded the entry as well, nobody can repeat it.
  if (unconfirmed && platform.store.held.revocations.has(unconfirmed.entry.id))
    throw new PromiseBroken(`${unconfirmed.label} was acknowledged and is not confirmed in the end`)
  people.logIn()
  await until(1_500)
  const last = history.logins.slice(-30)
  for (const guard of cast.guards)
    for (const login of last)
      people.check(guard, login, (outcome) => expectEnd(history, { login, outcome, at: guard.name }))
  await until(2_100)

  const askedAtMs = world.nowMs
  const revocation = people.revoke({ type: 'global' }, cast.replicas[0] as Replica)
  await until(WAIT_MS)
  if (revocation.confirmedAtMs === undefined)
    throw new PromiseBroken(
      `${revocation.label}, asked for at ${askedAtMs.toFixed(1)}, is not confirmed within W though nothing is broken`,
    )
  for (const guard of cast.guards)
    for (const login of last)
      people.check(guard, login, (outcome) => expectEnd(history, { login, outcome, at: guard.name }))
  await until(2_100)
}

function expectEnd(
  history: History,
  { login, outcome, at }: { login: Login; outcome: string; at: string },
): void {
  const isOver = history.revocations.some((revocation) => isCovered(login, revocation))
  if (isOver && outcome !== 'refused')
    throw new PromiseBroken(`${at} says ${outcome} of ${login.label} in the end, who is over`)
  const isWell = !login.isLost && !history.revocations.some((revocation) => mayBeOver(login, revocation))
  if (isWell && outcome !== 'admitted')
    throw new PromiseBroken(`${at} says ${outcome} of ${login.label} in the end, who is well`)
}

/** A log that has lost entries is served by nobody, also when everybody is started anew and the store is older. */
async function expectFrozen(platform: Platform, { cast, people, history, until }: Ending): Promise<void> {
  for (const guard of cast.guards)
    for (const login of history.logins.slice(-30))
      people.check(guard, login, (outcome) => {
        if (outcome === 'admitted')
          throw new PromiseBroken(`${guard.name} admits ${login.label}, long after the log has lost entries`)
      })
  await until(5_000)
  for (const { name, opened } of cast.replicas)
    if (opened !== undefined && !opened.log.isFrozen)
      throw new PromiseBroken(`${name} follows a log that has lost entries, and has not noticed`)
  platform.tally.count('frozen')
  for (const replica of cast.replicas) replica.kill()
  platform.store.putBack(4_000)
  for (const replica of cast.replicas) replica.start()
  await until(5_000)
  for (const { name, isServing } of cast.replicas)
    if (isServing) throw new PromiseBroken(`${name} was started and serves a log that has lost entries`)
}

function castOf(platform: Platform, replicas: number, guards: number): Cast {
  const audiences = [GATEWAY_AUDIENCE, 'documents' as Audience, GATEWAY_AUDIENCE]
  return {
    replicas: Array.from({ length: replicas }, (_, index) => new Replica(platform, `session-${index + 1}`)),
    guards: audiences
      .slice(0, guards)
      .map((audience, index) => new Guard(platform, `${audience}-${index + 1}`, audience)),
  }
}
