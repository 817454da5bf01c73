/**
 * ④ Sessions of operators seen lately, kept current by the log, so that they can still revoke while Redis is down.
 * Promise: what is recalled is no older than this replica's view of the log, the same as an answer from Redis would be.
 */
import { subjectKey, type Position, type SessionId, type SubjectKey } from '@curfew/contracts'

import { mergeSubjectFacts, type Fact, type SubjectFacts } from '../log/facts.ts'
import type { LogView } from '../log/log-view.ts'
import type { SessionRecord } from '../sessions/session-record.ts'
import { judge } from '../sessions/validity.ts'

export interface KnownOperator {
  readonly session: SessionRecord
  readonly subject: SubjectFacts
}

const MAX_KNOWN = 1_000

export class OperatorMemory {
  readonly #view: LogView
  readonly #sessions = new Map<SessionId, SessionRecord>()
  readonly #subjects = new Map<SubjectKey, SubjectFacts>()

  constructor(view: LogView) {
    this.#view = view
  }

  /** @param decidedAt what the view had reached when `known` was read: later facts would be missing from it. */
  remember({ session, subject }: KnownOperator, decidedAt: Position): void {
    if (decidedAt !== this.#view.applied) return
    // Its secret is about to be another one, and no entry will say when.
    if (session.pending !== undefined) return
    keepNewest(this.#sessions, session.id, session)
    keepNewest(this.#subjects, subjectKey(session.tenant, session.user), subject)
  }

  /** Told of every fact at the moment the view takes it. */
  note(fact: Fact): void {
    if (fact.reach === 'session') this.#sessions.delete(fact.session)
    if (fact.reach !== 'subject') return
    const known = this.#subjects.get(fact.subject)
    if (known !== undefined) this.#subjects.set(fact.subject, mergeSubjectFacts(known, fact.facts))
  }

  /** Its secrets are being changed. */
  forget(session: SessionId): void {
    this.#sessions.delete(session)
  }

  /** The session, if it is live by all that is known here. */
  recall(id: SessionId, nowMs: number): KnownOperator | undefined {
    const session = this.#sessions.get(id)
    if (session === undefined) return undefined
    const subject = this.#subjects.get(subjectKey(session.tenant, session.user))
    if (subject === undefined) return undefined
    const verdict = judge(session, { subject, wide: this.#view.wide }, nowMs)
    return verdict === 'live' ? { session, subject } : undefined
  }
}

function keepNewest<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > MAX_KNOWN && oldest !== undefined) map.delete(oldest)
}
