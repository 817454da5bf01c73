/**
 * ② Hands out the signals of the streams that are watched, and keeps looking after them.
 * Promise: a signal fires when the session ends, when it loses a permission that the stream needs, or when nobody can say
 * for the length of a lease whether either has happened.
 */
import type { LogEntry, SessionId } from '@curfew/contracts'
import type { Clock } from '@curfew/protocol'

import type { CachedSession } from './cached-session.ts'
import type { CoherentVerifier } from './coherent-verifier.ts'
import type { SessionWatch, WatchOptions } from './verdict.ts'
import { Watches, type EndReason } from './watches.ts'

const REVIEW_EVERY_MS_MAX = 1_000
const REVIEWS_PER_LEASE = 5

/** They end no stream by themselves. */
const CHANGES: ReadonlySet<LogEntry['type']> = new Set(['grants-changed', 'role-changed', 'rotated'])

/** Why a signal fired: its `reason`. */
export class SessionEnded extends Error {
  readonly reason: EndReason

  constructor(reason: EndReason) {
    super(`the session is over for this stream: ${reason}`)
    this.name = 'SessionEnded'
    this.reason = reason
  }
}

export interface WatchingOptions {
  readonly core: CoherentVerifier
  readonly clock: Clock
  readonly leaseMs: () => number
  /** Asks about sessions in the background; what comes of it goes to `watches`. */
  readonly askAbout: (sessions: readonly SessionId[]) => void
}

export class Watching {
  readonly watches: Watches
  readonly #options: WatchingOptions
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(options: WatchingOptions) {
    this.#options = options
    this.watches = new Watches(options.core)
  }

  start(): void {
    this.#review()
  }

  watch(session: CachedSession, { permissions, onChanged }: WatchOptions): SessionWatch {
    const { core, clock, askAbout } = this.#options
    const [controller, now] = [new AbortController(), clock()]
    const end = (reason: EndReason): void => controller.abort(new SessionEnded(reason))
    const release = this.watches.add({ session, permissions, end, onChanged }, now)
    if (this.#isClosed) this.watches.endAll()
    else if (!core.vouchesFor(session, now)) askAbout([session.id])
    return { signal: controller.signal, release }
  }

  /** Before the entry is acknowledged. */
  entryApplied(entry: LogEntry): void {
    if (this.watches.size === 0) return
    if (entry.type === 'revoked' || entry.type === 'suspended') this.watches.endBy(entry)
    // Only a replica knows what these leave of a session: it is asked at once, not at the next review.
    else if (CHANGES.has(entry.type)) this.#lookAfterAll()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.watches.endAll()
  }

  #review(): void {
    this.#lookAfterAll()
    const everyMs = Math.min(REVIEW_EVERY_MS_MAX, this.#options.leaseMs() / REVIEWS_PER_LEASE)
    this.#timer = setTimeout(() => this.#review(), everyMs).unref()
  }

  #lookAfterAll(): void {
    const { clock, leaseMs, askAbout } = this.#options
    const unsure = this.watches.review(clock(), leaseMs())
    if (unsure.length > 0) askAbout(unsure)
  }
}
