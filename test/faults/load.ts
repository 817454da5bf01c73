/**
 * Everybody at once: guards are shown sessions that live, that are over and that may not, while operators end sessions and
 * change permissions and people log in. Bounded, with pauses by chance.
 */
import { Checking, type Holder } from './checking.ts'
import type { Check, History, Scope } from './history.ts'
import { Operating, type Made } from './operating.ts'
import { People, VICTIMS } from './people.ts'
import type { Chance } from './seed.ts'
import { GUARDS, type GuardName, type ReplicaName, type World } from './world.ts'

const BYSTANDERS = 3
const LIVE = 6
const ENDED_KEPT = 16
const CHECKERS_PER_GUARD = 3
const OPERATORS = 4
/** Sessions that are shown to every guard as soon as their end is confirmed; a guard that stands still keeps them waiting. */
const CHECKED_AT_ONCE = 2
const FOLLOWING_MAX = 64
const CHECK_PAUSE_MS = [10, 50] as const
const CHANGE_PAUSE_MS = [30, 250] as const
const LOGIN_PAUSE_MS = 50

export interface LoadParts {
  readonly world: World
  readonly history: History
  readonly chance: Chance
  readonly operator: Holder
  /** Without it, bystanders are never touched. */
  readonly hasGlobalRevocations: boolean
}

interface Flipper {
  readonly holder: Holder
  readonly through: 'grants' | 'role'
  isGranted: boolean
}

export class Load {
  readonly #parts: LoadParts
  readonly checking: Checking
  readonly operating: Operating
  readonly #people: People
  #bystanders: Holder[] = []
  #guests: Holder[] = []
  #live: Holder[] = []
  readonly ended: Holder[] = []
  #flipper: Flipper | undefined
  #flippers = 0
  readonly #streaks = new Map<GuardName, number>()
  #streaksSinceMs = 0
  #changesConfirmed = 0
  #isStopping = false
  #givesUp = false
  #running: Promise<unknown> = Promise.resolve()
  readonly #following = new Set<Promise<unknown>>()

  constructor(parts: LoadParts) {
    this.#parts = parts
    this.checking = new Checking(parts.world, parts.history)
    this.operating = new Operating(parts)
    this.#people = new People(parts)
  }

  /** Sessions that nobody has ended so far. */
  get live(): readonly Holder[] {
    return [...this.#bystanders, ...this.#guests, ...this.#live]
  }

  start(): void {
    const loops = [
      ...GUARDS.flatMap((guard) =>
        Array.from({ length: CHECKERS_PER_GUARD }, () => this.#keepChecking(guard)),
      ),
      ...Array.from({ length: OPERATORS }, () => this.#keepChanging()),
      this.#keepLoggingIn(),
      this.#keepFlipping(),
    ]
    this.#running = Promise.all(loops)
  }

  /** How often each guard has admitted bystanders in a row since, and how many changes have been confirmed since. */
  countFromNow(): void {
    this.#streaks.clear()
    this.#changesConfirmed = 0
    this.#streaksSinceMs = performance.now()
  }

  isServed(times: number): boolean {
    return GUARDS.every((guard) => (this.#streaks.get(guard) ?? 0) >= times) && this.#changesConfirmed > 0
  }

  /** Lets what was begun come to its end; `givesUp`: without trying again what has failed. */
  async stop(givesUp = false): Promise<void> {
    this.#isStopping = true
    this.#givesUp = givesUp
    await this.#running
    await Promise.all(this.#following)
  }

  readonly givesUp = (): boolean => this.#givesUp

  /** Somebody whom only the test ends (or everyone's end), known at every guard. */
  async guest(): Promise<Holder> {
    for (;;) {
      const holder = await this.#people.logInBystander()
      if (holder !== undefined) {
        await Promise.all(GUARDS.map((guard) => this.checking.check(holder, guard)))
        this.#guests.push(holder)
        return holder
      }
      await pause(LOGIN_PAUSE_MS)
    }
  }

  /** An older store was put back: whoever logged in since is nobody any more. */
  forgetSince(lostSinceMs: number): void {
    const lost = new Set<string>()
    for (const entry of this.#parts.history.entries)
      if (entry.kind === 'login' && entry.endMs >= lostSinceMs) lost.add(entry.session)
    const isKept = ({ id }: Holder): boolean => !lost.has(id)
    this.#bystanders = this.#bystanders.filter(isKept)
    this.#live = this.#live.filter(isKept)
    this.#guests = this.#guests.filter(isKept)
    if (this.#flipper && !isKept(this.#flipper.holder)) this.#flipper = undefined
  }

  async #keepChecking(guard: GuardName): Promise<void> {
    const { chance } = this.#parts
    while (!this.#isStopping) {
      const holder = this.#whom()
      const isFar = chance.isLikely(0.3)
      if (holder !== undefined)
        this.#count(guard, holder, await this.checking.check(holder, guard, { isFar }))
      await pause(chance.between(...CHECK_PAUSE_MS))
    }
  }

  #whom(): Holder | undefined {
    const { chance } = this.#parts
    const flipper = this.#flipper
    if (flipper && chance.isLikely(0.2)) return flipper.holder
    return chance.pick(
      chance.pick([this.#bystanders, this.#guests, this.#live, this.ended.slice(-ENDED_KEPT)]),
    )
  }

  #count(guard: GuardName, holder: Holder, { outcome, startMs, at }: Check): void {
    if (!this.#bystanders.includes(holder) || startMs < this.#streaksSinceMs) return
    // What is behind a gateway has a streak of its own.
    if (at.length > 1 && outcome !== 'admitted') return
    this.#streaks.set(guard, outcome === 'admitted' ? (this.#streaks.get(guard) ?? 0) + 1 : 0)
  }

  async #keepChanging(): Promise<void> {
    const { chance } = this.#parts
    while (!this.#isStopping) {
      await pause(chance.between(...CHANGE_PAUSE_MS))
      const victim = chance.pick(this.#live)
      if (victim !== undefined) await this.end(this.#scopeOf(victim))
    }
  }

  #scopeOf({ id: session, tenant, user, client }: Holder): Scope {
    const { chance, hasGlobalRevocations } = this.#parts
    const drawn = chance.next()
    if (drawn < 0.5) return { type: 'session', session }
    if (drawn < 0.8) return { type: 'user', tenant, user }
    if (drawn < 0.92) return { type: 'tenant', tenant }
    if (drawn < 0.97 || !hasGlobalRevocations) return { type: 'client', client }
    return { type: 'global' }
  }

  /** Revokes, and from its beginning on counts on none of the sessions that it may reach. */
  async end(scope: Scope, first?: ReplicaName) {
    const isReached = ({ id, tenant, user, client }: Holder): boolean =>
      scope.type === 'global' ||
      (scope.type === 'client' && scope.client === client) ||
      (scope.type === 'tenant' && scope.tenant === tenant) ||
      (scope.type === 'user' && scope.tenant === tenant && scope.user === user) ||
      (scope.type === 'session' && scope.session === id)
    const reached = this.live.filter(isReached)
    this.ended.push(...reached)
    this.#bystanders = this.#bystanders.filter((holder) => !isReached(holder))
    this.#guests = this.#guests.filter((holder) => !isReached(holder))
    this.#live = this.#live.filter((holder) => !isReached(holder))
    if (this.#flipper && isReached(this.#flipper.holder)) this.#flipper = undefined
    const made = await this.operating.revoke(scope, this.givesUp, first)
    this.#made(made, reached)
    return made
  }

  /** At the first moment at which it must hold, everybody is asked. */
  #made({ confirmed }: Made, concerned: readonly Holder[]): void {
    if (confirmed === undefined) return
    this.#changesConfirmed += 1
    for (const holder of concerned.slice(-CHECKED_AT_ONCE)) {
      if (this.#following.size > FOLLOWING_MAX) return
      const checks = Promise.all(GUARDS.map((guard) => this.checking.check(holder, guard)))
      const following = checks.finally(() => this.#following.delete(following))
      this.#following.add(following)
    }
  }

  async #keepLoggingIn(): Promise<void> {
    const { chance } = this.#parts
    while (!this.#isStopping) {
      if (this.#bystanders.length < BYSTANDERS) {
        const holder = await this.#people.logInBystander()
        if (holder !== undefined) this.#bystanders.push(holder)
      }
      if (this.#live.length < LIVE) {
        const holder = await this.#people.begin(chance.pick(VICTIMS))
        if (holder !== undefined) this.#live.push(holder)
      }
      await pause(LOGIN_PAUSE_MS)
    }
  }

  /** Takes a permission away and gives it back, as long as it is known what became of it. */
  async #keepFlipping(): Promise<void> {
    const { chance } = this.#parts
    while (!this.#isStopping) {
      await pause(chance.between(...CHANGE_PAUSE_MS))
      const flipper = (this.#flipper ??= await this.#newFlipper())
      if (flipper === undefined) continue
      flipper.isGranted = !flipper.isGranted
      const { holder, through, isGranted } = flipper
      const made = await this.operating.allow(holder, isGranted, through, this.givesUp)
      this.#made(made, [holder])
      // A try that was never answered may take effect after the next change.
      if (made.isOpen || made.confirmed === undefined) this.#flipper = undefined
    }
  }

  async #newFlipper(): Promise<Flipper | undefined> {
    this.#flippers += 1
    const user = { tenant: 'west', user: `flip-${Math.floor(performance.now())}-${this.#flippers}` }
    const through = this.#flippers % 2 === 0 ? 'grants' : 'role'
    if (!(await this.operating.introduce(user, through, () => true))) return undefined
    const holder = await this.#people.begin(user)
    return holder && { holder, through, isGranted: true }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
