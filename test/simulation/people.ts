/** Everybody who wants something of the system: they log in, show their tokens to guards, and revoke. */
import {
  CREATE_SESSION,
  ORIGIN,
  PREPARE_SESSION,
  SUBJECTS,
  formatPosition,
  formatRelayToken,
  hashSecret,
  laterOf,
  parseToken,
  relayValueFor,
  type ClientId,
  type LogEntryOf,
  type Scope,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { Verdict } from '@curfew/verifier'

import type { Guard } from './guard.ts'
import { isCovered, type History, type Login, type Revocation } from './history.ts'
import type { Platform } from './platform.ts'
import type { Random } from './random.ts'
import type { Replica, RevokeOutcome } from './replica.ts'
import type { Stored } from './stored-stream.ts'

const SUBJECT_NAMES = [
  ['acme', 'alice'],
  ['acme', 'bob'],
  ['globex', 'alice'],
] as const
const CLIENTS = ['web', 'cli'] as const
/** Whoever asks gives up by then, and asks somebody else. */
const PATIENCE_MS = 8_000
const AGAIN_MS = 250
/** Who is checked is mostly among the latest. */
const RECENT_LOGINS = 8

export interface Cast {
  readonly replicas: readonly Replica[]
  readonly guards: readonly Guard[]
}

export class People {
  readonly #platform: Platform
  readonly #history: History
  readonly #cast: Cast
  readonly #random: Random
  #isBusy = false

  constructor(platform: Platform, history: History, cast: Cast) {
    this.#platform = platform
    this.#history = history
    this.#cast = cast
    this.#random = platform.world.random.split()
  }

  /** Until `rest` is called. */
  work(): void {
    this.#isBusy = true
    const { replicas, guards } = this.#cast
    for (const guard of guards) this.#keepDoing([8, 70], () => this.checkOne(guard))
    this.#keepDoing([50, 600], () => this.logIn())
    this.#keepDoing([150, 1_400], () => void this.revoke(this.#scope(), this.#random.pick(replicas)))
  }

  rest(): void {
    this.#isBusy = false
  }

  #keepDoing([from, to]: readonly [number, number], act: () => void): void {
    this.#platform.world.after(this.#random.between(from, to), () => {
      if (!this.#isBusy) return
      act()
      this.#keepDoing([from, to], act)
    })
  }

  checkOne(guard: Guard): void {
    const { logins } = this.#history
    if (logins.length === 0) return
    const recent = this.#random.chance(0.8) ? logins.slice(-RECENT_LOGINS) : logins
    this.check(guard, this.#random.pick(recent))
  }

  /** @param done called with what became of it, if anything did */
  check(guard: Guard, login: Login, done: (outcome: Verdict['kind']) => void = () => undefined): void {
    if (!guard.isServing) return
    const { world, tally } = this.#platform
    guard.inside(() => {
      const { verifier, incarnation } = guard
      if (verifier === undefined) return
      const beganMs = world.nowMs
      const record = (verdict: Verdict, from: 'memory' | 'a replica'): void => {
        const { kind: outcome } = verdict
        const reason = verdict.kind === 'refused' ? verdict.reason : undefined
        tally.count(`check ${outcome} from ${from}`)
        this.#platform.say(
          guard.name,
          () => `${login.label} ${outcome} ${reason ?? ''} (from ${from}, began ${beganMs.toFixed(1)})`,
        )
        const endedMs = world.nowMs
        this.#history.judge({
          guard: guard.name,
          incarnation,
          login,
          beganMs,
          endedMs,
          outcome,
          ...(reason && { reason }),
        })
        done(outcome)
      }
      const verdict = verifier.check(tokenFor(guard, login))
      if (!(verdict instanceof Promise)) record(verdict, 'memory')
      else void verdict.then((late) => record(late, 'a replica'))
    })
  }

  logIn(): void {
    const guard = this.#random.pick(this.#cast.guards.filter(({ audience }) => audience === 'gateway'))
    const { nc } = guard
    if (!guard.isServing || nc === undefined) return
    const [tenant, user] = this.#random.pick(SUBJECT_NAMES) as readonly [string, string] as [TenantId, UserId]
    const client = this.#random.pick(CLIENTS) as string as ClientId
    const thinkingMs = this.#random.pick([1, 30, 300, 1_500]) * this.#random.next()
    guard.inside(() => {
      void (async () => {
        const { birth } = await ask(nc, PREPARE_SESSION, SUBJECTS.prepareSession, {})
        await new Promise((resolve) => setTimeout(resolve, thinkingMs))
        const request = { birth, tenant, user, client, acr: 'aal1', amr: ['pwd'] }
        const answer = await ask(nc, CREATE_SESSION, SUBJECTS.createSession, request, { timeoutMs: 3_000 })
        this.#platform.tally.count(`login ${answer.outcome}`)
        if (answer.outcome !== 'created') return
        const { id } = answer.session
        const label = `${tenant}/${user}#${this.#history.logins.length + 1}`
        const isLost = !this.#platform.store.held.sessions.has(id)
        this.#history.logins.push({ label, id, token: answer.token, tenant, user, client, birth, isLost })
        this.#platform.say(
          guard.name,
          () => `logged in ${label} with ${client}, born ${Number(birth.slice(7))}`,
        )
      })().catch(() => this.#platform.tally.count('login failed'))
    })
  }

  #scope(): Scope {
    const random = this.#random
    const { logins } = this.#history
    const [tenant, user] = random.pick(SUBJECT_NAMES) as readonly [string, string] as [TenantId, UserId]
    switch (
      random.weighted({ session: logins.length === 0 ? 0 : 5, user: 4, tenant: 1, client: 1, global: 0.5 })
    ) {
      case 'session':
        return { type: 'session', session: random.pick(logins.slice(-RECENT_LOGINS)).id }
      case 'user':
        return { type: 'user', tenant, user }
      case 'tenant':
        return { type: 'tenant', tenant }
      case 'client':
        return { type: 'client', client: random.pick(CLIENTS) as string as ClientId }
      case 'global':
        return { type: 'global' }
    }
  }

  revoke(scope: Scope, first: Replica): Revocation {
    const { revocations } = this.#history
    const label = `revocation ${revocations.length + 1} (${Object.values(scope).join(' ')})`
    const entry: LogEntryOf<'revoked'> = {
      v: 1,
      id: `rev_${String(revocations.length + 1).padStart(22, '0')}`,
      type: 'revoked',
      at: new Date().toISOString(),
      actor: 'curfew/operator',
      reason: 'simulated',
      scope,
    }
    const revocation: Revocation = {
      label,
      entry,
      stored: undefined,
      latest: undefined,
      confirmedAtMs: undefined,
      isAcknowledged: false,
      isRolledBack: false,
    }
    revocations.push(revocation)
    this.#ask(revocation, first, 1)
    return revocation
  }

  /** Until it is confirmed, of one replica after the other. */
  #ask(revocation: Revocation, replica: Replica, attempt: number): void {
    const { world, tally } = this.#platform
    let isSettled = false
    const again = (): void => {
      if (isSettled) return
      isSettled = true
      world.after(this.#random.between(50, 500), () =>
        this.#ask(revocation, this.#random.pick(this.#cast.replicas), attempt + 1),
      )
    }
    if (!replica.isServing) return again()
    this.#platform.say('operator', () => `asks ${replica.name} for ${revocation.label}, attempt ${attempt}`)
    const { process } = replica
    const untilMs = world.nowMs + PATIENCE_MS
    const wait = (): void => {
      // Whoever asks finds the connection closed.
      if (!process.isAlive || world.nowMs >= untilMs) again()
      else if (!isSettled) world.after(200, wait)
    }
    wait()
    replica.inside(() => {
      void (async () => {
        try {
          const outcome = await replica.revoke(revocation.entry)
          this.#noteOutcome(revocation, outcome, replica.name)
          if (outcome.kind === 'confirmed') isSettled = true
        } catch (error) {
          tally.count('revocation unavailable')
          this.#platform.say('operator', () => `${revocation.label}: ${String(error)}, says ${replica.name}`)
        }
        again()
      })()
    })
  }

  #noteOutcome(revocation: Revocation, outcome: RevokeOutcome, by: string): void {
    const { tally, world } = this.#platform
    this.#platform.say('operator', () => `${revocation.label}: ${outcome.kind}, says ${by}`)
    tally.count(`revocation ${outcome.kind}`)
    if (outcome.kind === 'recorded' || outcome.kind === 'confirmed') revocation.isAcknowledged = true
    if (outcome.kind !== 'confirmed') return
    tally.count(`confirmed by ${outcome.confirmation.confirmedBy}`)
    revocation.confirmedAtMs ??= world.nowMs
    this.#tryAll(revocation)
  }

  /** From the broker: what the log holds. */
  noteStored({ seq, json }: Stored): void {
    const entry = JSON.parse(json) as { type: string; id: string }
    if (entry.type === 'closed') this.#history.closedAtMs ??= this.#platform.world.nowMs
    if (entry.type !== 'revoked') return
    const revocation = this.#history.revocations.find(({ entry: { id } }) => id === entry.id)
    if (revocation === undefined) return
    revocation.latest = laterOf(revocation.latest ?? ORIGIN, formatPosition(1, seq))
    const { world } = this.#platform
    if (revocation.stored !== undefined) return
    revocation.stored = { atMs: world.nowMs, position: revocation.latest }
    world.after(this.#history.waitMs(), () => this.#tryAll(revocation))
  }

  /** Everybody whom it ends, everywhere: the moment when nobody may be admitted any more has just come. */
  #tryAll(revocation: Revocation): void {
    if (!this.#isBusy) return
    const ended = this.#history.logins.filter((login) => isCovered(login, revocation)).slice(-RECENT_LOGINS)
    for (const inMs of [0, 1, 20, 100])
      this.#platform.world.after(inMs, () => {
        for (const guard of this.#cast.guards) for (const login of ended) this.check(guard, login)
      })
  }

  /** Again and again for so long: the latest whose own session was ended so far, everywhere. */
  tryEnded(forMs: number): void {
    const { logins, revocations } = this.#history
    const ends = revocations.filter(({ entry }) => entry.scope.type === 'session')
    const ended = logins.filter((login) => ends.some((end) => isCovered(login, end))).slice(-RECENT_LOGINS)
    for (let inMs = 0; inMs < forMs; inMs += AGAIN_MS)
      this.#platform.world.after(inMs, () => {
        for (const guard of this.#cast.guards) for (const login of ended) this.check(guard, login)
      })
  }

  /** A process goes on: people were waiting. */
  crowd(guard: Guard): void {
    for (const login of this.#history.logins.slice(-RECENT_LOGINS)) this.check(guard, login)
  }
}

function tokenFor(guard: Guard, { id, token }: Login): string {
  if (guard.audience === 'gateway') return token
  const parsed = parseToken(token)
  if (parsed?.kind !== 'session') throw new Error('a login gives a session token')
  return formatRelayToken(id, relayValueFor(hashSecret(parsed.secret), guard.audience))
}
