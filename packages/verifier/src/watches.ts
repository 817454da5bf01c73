/**
 * ② Streams and downloads outlive the check that admitted them: each is told when its session ends or loses a permission.
 * Promise: whoever acknowledges a revocation or a suspension has ended before what it demands; who has had no news for too long is ended too.
 */
import type { LogEntry, Permission, SessionId } from '@curfew/contracts'
import { waitedMs, type Instant } from '@curfew/protocol'

import type { CachedSession } from './cached-session.ts'
import type { CoherentVerifier, Outcome } from './coherent-verifier.ts'
import type { SubjectFacts } from './nodes.ts'
import { concerns } from './recent-entries.ts'

export type EndReason = 'revoked' | 'expired' | 'suspended' | 'permission-lost' | 'unsure'

/** One admitted stream. */
export interface Watch {
  readonly session: CachedSession
  readonly permissions: readonly Permission[]
  /** Called once, synchronously. */
  readonly end: (reason: EndReason) => void
  /** What the session may do has turned out to be something else. */
  readonly onChanged?: ((session: CachedSession) => void) | undefined
}

interface Watched extends Watch {
  session: CachedSession
  /** What the stream was last told; one object for all who may do the same. */
  facts: SubjectFacts
  /** When this process last knew that the session was good. */
  goodAt: Instant
}

export class Watches {
  readonly #verifier: CoherentVerifier
  readonly #watched = new Map<SessionId, Set<Watched>>()
  #size = 0

  constructor(verifier: CoherentVerifier) {
    this.#verifier = verifier
  }

  get size(): number {
    return this.#size
  }

  /** @returns ends the watch without a word: for when the stream is over. */
  add(watch: Watch, now: Instant): () => void {
    const { session } = watch
    const watched: Watched = { ...watch, facts: session.subject.facts, goodAt: now }
    const together = this.#watched.get(session.id)
    if (together === undefined) this.#watched.set(session.id, new Set([watched]))
    else together.add(watched)
    this.#size += 1
    session.watchers += 1
    // What has ended between its admission and now has nobody else to tell.
    if (this.#verifier.cache.isOver(session)) this.#end(watched, 'revoked')
    return () => void this.#release(watched)
  }

  /** After an entry has been applied and before it is acknowledged. */
  endBy(entry: LogEntry): void {
    for (const watched of this.#all()) {
      if (this.#isRevokedBy(entry, watched.session)) this.#end(watched, 'revoked')
      // It may have been lifted again further on in the log; ending the stream of such a one costs a reconnection.
      else if (entry.type === 'suspended' && concerns(entry, watched.session)) this.#end(watched, 'suspended')
    }
  }

  #isRevokedBy(entry: LogEntry, session: CachedSession): boolean {
    const { cache } = this.#verifier
    if (cache.isOver(session)) return true
    // Entries no longer reach a session that memory has let go (doubt, another secret). It may be younger than the
    // entry, which costs a reconnection too.
    const isForgotten = cache.get(session.id) !== session
    if (!isForgotten || entry.type !== 'revoked' || !concerns(entry, session)) return false
    return entry.except?.includes(session.id) !== true
  }

  /**
   * Looks after the streams: ends those past their limit and those without news for longer than `graceMs`.
   * @returns the sessions to be asked about now, because memory cannot vouch for them.
   */
  review(now: Instant, graceMs: number): SessionId[] {
    const unsure = new Set<SessionId>()
    for (const watched of this.#all()) {
      const { session } = watched
      if (session.hasReachedAbsoluteLimit(now)) this.#end(watched, 'expired')
      else if (this.#verifier.vouchesFor(session, now)) this.#continue(watched, session, now)
      else if (waitedMs(watched.goodAt, now) > graceMs) this.#end(watched, 'unsure')
      else unsure.add(session.id)
    }
    return [...unsure]
  }

  /** An answer about a session, asked at `askedAt`: the streams on it go on under what it says, or end. */
  answered(sessionId: SessionId, outcome: Outcome, askedAt: Instant): void {
    if (outcome.kind === 'stale') return
    for (const watched of this.#watched.get(sessionId) ?? []) {
      if (outcome.kind === 'live') this.#continue(watched, outcome.session, askedAt)
      else this.#end(watched, reasonOf(outcome.reason))
    }
  }

  /** Nobody looks after the streams any more. */
  endAll(): void {
    for (const watched of this.#all()) this.#end(watched, 'unsure')
  }

  *#all(): Generator<Watched> {
    for (const together of this.#watched.values()) yield* together
  }

  /** What the session may do now can have come with an answer about another session of its subject. */
  #continue(watched: Watched, session: CachedSession, goodAt: Instant): void {
    if (!watched.permissions.every((permission) => session.permissions.has(permission)))
      return this.#end(watched, 'permission-lost')
    watched.goodAt = goodAt
    if (watched.session !== session) {
      watched.session.watchers -= 1
      session.watchers += 1
      watched.session = session
    }
    const { facts } = session.subject
    if (watched.facts === facts) return
    watched.facts = facts
    watched.onChanged?.(session)
  }

  #end(watched: Watched, reason: EndReason): void {
    if (this.#release(watched)) watched.end(reason)
  }

  #release(watched: Watched): boolean {
    const { session } = watched
    const together = this.#watched.get(session.id)
    if (together?.delete(watched) !== true) return false
    if (together.size === 0) this.#watched.delete(session.id)
    this.#size -= 1
    session.watchers -= 1
    return true
  }
}

function reasonOf(reason: string): EndReason {
  return reason === 'expired' || reason === 'suspended' ? reason : 'revoked'
}
