/**
 * ② The coherent memory of a verifier: sessions, and the nodes that log entries touch.
 * Promise: bounded; what the log has ended is over (`isOver`) for as long as it is remembered.
 */
import type { LogEntry, SessionId, TenantId, UserId } from '@curfew/contracts'
import type { Instant } from '@curfew/protocol'

import { CachedSession, type AuthenticationMethod } from './cached-session.ts'
import type { SessionFact } from './session-fact.ts'
import { Interned } from './interned.ts'
import { ClientNode, NodeTable, ScopeNode, SubjectNode, TenantNode, type SubjectFacts } from './nodes.ts'
import { SessionTable } from './session-table.ts'

/** Entries after which a session that was good need not be good any more. */
const CHANGES: ReadonlySet<LogEntry['type']> = new Set([
  'revoked',
  'rotated',
  'grants-changed',
  'role-changed',
  'suspended',
  'resumed',
])

export class SessionCache {
  readonly #sessions = new SessionTable()
  #everyone = new ScopeNode()
  readonly #tenants = new NodeTable<TenantNode>()
  readonly #clients = new NodeTable<ClientNode>()
  readonly #subjectFacts = new Interned<SubjectFacts>()
  readonly #methods = new Interned<AuthenticationMethod>()
  readonly #maxSessions: number

  constructor(maxSessions: number) {
    this.#maxSessions = maxSessions
  }

  get size(): number {
    return this.#sessions.size
  }

  get(id: SessionId): CachedSession | undefined {
    return this.#sessions.get(id)
  }

  /**
   * The session that the token has proved before, where nothing else need be looked at: neither has the log said anything
   * since the session was found good, nor is any of its times near. Counts as a use.
   */
  recognise(token: string, now: Instant): CachedSession | undefined {
    return this.#sessions.recognise(token, now)
  }

  /** What a look at everything has found for the token; it holds until the log says something. */
  foundGood(session: CachedSession, token: string): void {
    this.#sessions.foundGood(session, token)
  }

  /** It is not among the first to go when room is needed. */
  use(session: CachedSession): void {
    this.#sessions.use(session)
  }

  /** True when an entry that has been applied covers the session: irrevocably over, whatever anyone answers. */
  isOver(session: CachedSession): boolean {
    const { id, birth, subject, clientScope } = session
    return (
      session.isEnded ||
      subject.covers(id, birth) ||
      subject.tenantScope.covers(id, birth) ||
      clientScope.covers(id, birth) ||
      this.#everyone.covers(id, birth)
    )
  }

  /** Remembers an answer that has been found coherent (recent-entries.ts). */
  put(fact: SessionFact): CachedSession {
    const { session: info, proof } = fact.answer
    const facts = this.#factsOf(fact)
    const known = this.#sessions.get(info.id)
    if (known) {
      known.subject.learn(fact.readAt, facts)
      // Answers overtake each other: what was asked earlier says nothing about the session that is not known already.
      if (known.wasAskedAfter(fact)) return known
      if (known.isProvenBy(proof)) {
        known.refresh(fact)
        this.#sessions.lookAgain(known)
        return known
      }
      // The secret was rotated: whoever still presents the old one must not find it here.
      this.remove(known)
    }
    this.#makeRoom()
    const read = { at: fact.readAt, facts }
    const tenant = this.#tenants.acquire(info.tenant, () => new TenantNode(info.tenant))
    const subject = tenant.subjects.acquire(info.user, () => new SubjectNode(info.user, tenant, read))
    subject.learn(fact.readAt, facts)
    const client = this.#clients.acquire(info.client, () => new ClientNode(info.client))
    const session = new CachedSession(fact, this.#methodOf(fact), { subject, client })
    this.#sessions.add(session)
    return session
  }

  /** A session for one answer only: no entry will reach it, so it must not be kept. */
  detached(fact: SessionFact): CachedSession {
    const { tenant, user, client } = fact.answer.session
    const read = { at: fact.readAt, facts: this.#factsOf(fact) }
    const subject = new SubjectNode(user, new TenantNode(tenant), read)
    return new CachedSession(fact, this.#methodOf(fact), { subject, client: new ClientNode(client) })
  }

  #factsOf({ answer: { session } }: SessionFact): SubjectFacts {
    const { roles, permissions } = session
    // Names of roles and permissions hold no white space.
    return this.#subjectFacts.of(`${roles.join(' ')}\n${permissions.join(' ')}`, () => ({
      roles: Object.freeze(roles),
      permissions: new Set(permissions),
    }))
  }

  #methodOf({ answer: { session } }: SessionFact): AuthenticationMethod {
    const { acr, amr } = session
    return this.#methods.of(JSON.stringify([acr, amr]), () => ({ acr, amr }))
  }

  remove(session: CachedSession): void {
    if (this.#sessions.get(session.id) !== session) return
    this.#sessions.delete(session)
    const { tenant, user, client, subject, clientScope } = session
    this.#clients.release(client, clientScope)
    subject.tenantScope.subjects.release(user, subject)
    this.#tenants.release(tenant, subject.tenantScope)
  }

  /** Forgets everything: what doubt demands. An empty cache is coherent at any position. */
  clear(): void {
    this.#sessions.clear()
    // Sequences of another epoch mean nothing here.
    this.#everyone = new ScopeNode()
    this.#tenants.clear()
    this.#clients.clear()
  }

  /** The effect of one entry: one node is touched, sessions that hang on it are found out by their next check. */
  apply(seq: number, entry: LogEntry): void {
    if (CHANGES.has(entry.type)) this.#sessions.lookAgainAtAll()
    switch (entry.type) {
      case 'revoked':
        this.#revoke(seq, entry.scope, entry.except)
        return
      case 'rotated': {
        const session = this.#sessions.get(entry.session)
        if (session) this.remove(session)
        return
      }
      case 'grants-changed':
        this.#subjectChanged(seq, entry.tenant, entry.user)
        return
      case 'role-changed':
        this.#tenantChanged(seq, entry.tenant)
        return
      case 'suspended':
      case 'resumed':
        if (entry.user === undefined) this.#tenantChanged(seq, entry.tenant)
        else this.#subjectChanged(seq, entry.tenant, entry.user)
        return
      case 'barrier':
      case 'genesis':
      case 'opened':
      case 'closed':
      case 'config':
      case 'joined':
      case 'left':
      case 'evicted':
    }
  }

  #revoke(
    seq: number,
    scope: Extract<LogEntry, { type: 'revoked' }>['scope'],
    except: SessionId[] | undefined,
  ): void {
    // A spared session was valid when this was written; one that is over here by then must not come back by being spared.
    for (const id of except ?? []) {
      const spared = this.#sessions.get(id)
      if (spared && this.isOver(spared)) spared.end()
    }
    if (scope.type === 'session') {
      const session = this.#sessions.get(scope.session)
      if (session && session.birth < seq) session.end()
      return
    }
    this.#nodeOf(scope)?.revoke(seq, except)
  }

  #nodeOf(
    scope: Exclude<Extract<LogEntry, { type: 'revoked' }>['scope'], { type: 'session' }>,
  ): ScopeNode | undefined {
    switch (scope.type) {
      case 'global':
        return this.#everyone
      case 'tenant':
        return this.#tenants.get(scope.tenant)
      case 'client':
        return this.#clients.get(scope.client)
      case 'user':
        return this.#tenants.get(scope.tenant)?.subjects.get(scope.user)
    }
  }

  #subjectChanged(seq: number, tenant: TenantId, user: UserId): void {
    const subject = this.#tenants.get(tenant)?.subjects.get(user)
    if (subject) subject.changedAt = seq
  }

  #tenantChanged(seq: number, key: string): void {
    const tenant = this.#tenants.get(key)
    if (tenant) tenant.changedAt = seq
  }

  /** Second chance: who has not been used since the eviction last came by goes first. */
  #makeRoom(): void {
    while (this.#sessions.size >= this.#maxSessions) {
      const leaving = this.#sessions.evict(
        (session, isInUse) => session.watchers === 0 && (!isInUse || this.isOver(session)),
      )
      if (leaving === undefined) return
      this.remove(leaving)
    }
  }
}
