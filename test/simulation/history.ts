/**
 * Who has logged in, what was revoked, and what guards said about it; the promises are judged while it is written.
 */
import type { Position, Scope, SessionId, TenantId, UserId, ClientId, LogEntryOf } from '@curfew/contracts'

export interface Login {
  /** For people. */
  readonly label: string
  readonly id: SessionId
  readonly token: string
  readonly tenant: TenantId
  readonly user: UserId
  readonly client: ClientId
  readonly birth: Position
  /** The store has been put back to before it existed, or its absolute limit has passed. */
  isLost: boolean
}

export interface Revocation {
  readonly label: string
  readonly entry: LogEntryOf<'revoked'>
  /** When the log stored it for the first time, and where. */
  stored: { readonly atMs: number; readonly position: Position } | undefined
  /**
   * Where it is by now: the broker forgets the id of an entry that was superseded when it starts, and who asks again then
   * revokes again.
   */
  latest: Position | undefined
  /** When somebody was told that nobody acts without it any more. */
  confirmedAtMs: number | undefined
  /** Somebody was told that it holds. */
  isAcknowledged: boolean
  /** The log has lost it. */
  isRolledBack: boolean
}

export interface Check {
  readonly guard: string
  readonly incarnation: number
  readonly login: Login
  readonly beganMs: number
  readonly endedMs: number
  readonly outcome: 'admitted' | 'refused' | 'unsure'
  readonly reason?: string
}

export class PromiseBroken extends Error {}

function isAbout(scope: Scope, { id, tenant, user, client }: Omit<Login, 'birth'>): boolean {
  switch (scope.type) {
    case 'global':
      return true
    case 'tenant':
      return scope.tenant === tenant
    case 'user':
      return scope.tenant === tenant && scope.user === user
    case 'client':
      return scope.client === client
    case 'session':
      return scope.session === id
  }
}

/** The log says that the session is over. */
export function isCovered(login: Login, { entry, stored }: Revocation): boolean {
  return stored !== undefined && login.birth < stored.position && isAbout(entry.scope, login)
}

export class History {
  readonly logins: Login[] = []
  readonly revocations: Revocation[] = []
  /** W, in milliseconds of the world. */
  readonly waitMs: () => number
  /** Some run who have not read what the log has lost, or were started since: only the log can tell them. */
  areSomeUnaware = false
  /** Since when the log says that it has lost entries. */
  closedAtMs: number | undefined
  /** By guard, incarnation and session: when it first said that the session is over. */
  readonly #deniedAtMs = new Map<string, number>()
  checks = 0

  constructor(waitMs: () => number) {
    this.waitMs = waitMs
  }

  judge(check: Check): void {
    this.checks += 1
    if (check.outcome === 'admitted') this.#judgeAdmission(check)
    if (check.outcome === 'refused') this.#judgeRefusal(check)
  }

  #judgeAdmission({ guard, incarnation, login, beganMs }: Check): void {
    const who = `${guard} admitted ${login.label}`
    if (this.closedAtMs !== undefined && beganMs >= this.closedAtMs + this.waitMs())
      throw new PromiseBroken(
        `${who} by a check that began at ${beganMs.toFixed(1)}, more than W after the log was closed at ${this.closedAtMs.toFixed(1)}`,
      )
    const deniedAtMs = this.#deniedAtMs.get(`${guard} ${incarnation} ${login.id}`)
    // What was asked before may be answered later.
    if (deniedAtMs !== undefined && beganMs >= deniedAtMs && !this.#isForgotten(login))
      throw new PromiseBroken(`${who}, whom it had refused before`)
    for (const revocation of this.revocations) {
      if (!isCovered(login, revocation)) continue
      const { stored, confirmedAtMs, label, isRolledBack, isAcknowledged } = revocation
      if (isRolledBack && (!isAcknowledged || this.areSomeUnaware)) continue
      const storedAtMs = stored?.atMs ?? 0
      if (confirmedAtMs !== undefined && beganMs >= confirmedAtMs)
        throw new PromiseBroken(
          `${who} by a check that began at ${beganMs.toFixed(1)}, after ${label} had been confirmed at ${confirmedAtMs.toFixed(1)}`,
        )
      if (beganMs >= storedAtMs + this.waitMs())
        throw new PromiseBroken(
          `${who} by a check that began at ${beganMs.toFixed(1)}, more than W after ${label} had been stored at ${storedAtMs.toFixed(1)}`,
        )
    }
  }

  /** By the log, and perhaps by who answers. */
  #isForgotten(login: Login): boolean {
    const isAboutHim = ({ isRolledBack, entry }: Revocation): boolean =>
      isRolledBack && isAbout(entry.scope, login)
    return this.areSomeUnaware && this.revocations.some(isAboutHim)
  }

  #judgeRefusal({ guard, incarnation, login, reason, beganMs, endedMs }: Check): void {
    const key = `${guard} ${incarnation} ${login.id}`
    const isFirst = !this.#deniedAtMs.has(key)
    if (isFirst && (reason === 'revoked' || reason === 'unknown')) this.#deniedAtMs.set(key, endedMs)
    if (login.isLost || this.revocations.some((revocation) => mayBeOver(login, revocation))) return
    throw new PromiseBroken(
      `${guard} refused ${login.label} (${reason}) by a check that began at ${beganMs.toFixed(1)}, though nobody had ended it`,
    )
  }
}

/** Somebody has asked for it, and the log may have it at a place after its birth. */
export function mayBeOver({ birth, ...login }: Login, { entry, latest }: Revocation): boolean {
  return isAbout(entry.scope, login) && (latest === undefined || birth < latest)
}
