/** ④ A few replicas of the domain over one store and one log in memory: each step of each is taken when a test says so. */
import {
  ORIGIN,
  formatPosition,
  type ClientId,
  type LogEntry,
  type LogEntryOf,
  type MemberId,
  type Position,
  type SecurityEvent,
  type SessionId,
  type SubjectKey,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import type { Publication } from '@curfew/revocation-log'

import { SECURITY_EVENTS } from '../audit/security-events.ts'
import { mergeSubjectFacts, type SubjectFacts } from '../log/facts.ts'
import { LogView } from '../log/log-view.ts'
import type { FactLog } from '../log/ports.ts'
import type { LimitPorts } from './limit-sessions.ts'
import type { Login, RotationCommit, RotationStore, SessionStore, SubjectStore } from './ports.ts'
import type { SessionReports } from './ports.ts'
import type { SecretPorts } from './secret-seen.ts'
import type { SessionRecord } from './session-record.ts'

const EPOCH = 1
const BEGINNING = formatPosition(EPOCH, 5)

export const ALICE = {
  tenant: 'acme' as TenantId,
  user: 'alice' as UserId,
  client: 'browser' as ClientId,
}

export const LIMITS = {
  standard: { idleTimeoutMs: 60_000, absoluteTimeoutMs: 600_000 },
  aal2: { idleTimeoutMs: 60_000, absoluteTimeoutMs: 600_000 },
  aal3: { idleTimeoutMs: 30_000, absoluteTimeoutMs: 300_000 },
}

/** How a test makes itself felt at each call of a port, for example by failing it or by keeping it back. */
export type Hook = (call: string) => Promise<void> | void

/** The store: one for all replicas, in which every call takes effect at once. */
export class MemoryStore implements RotationStore {
  readonly sessions = new Map<SessionId, SessionRecord>()
  readonly subjects = new Map<SubjectKey, SubjectFacts>()
  readonly order: Login[] = []
  projected: Position = BEGINNING

  #change(id: SessionId, changes: Partial<SessionRecord>): void {
    const session = this.sessions.get(id)
    if (session !== undefined) this.sessions.set(id, { ...session, ...changes })
  }

  async begin(...[id, current, pending]: Parameters<RotationStore['begin']>) {
    const session = this.sessions.get(id)
    if (session === undefined) return 'gone' as const
    if (session.secretHash !== current) return 'superseded' as const
    this.#change(id, { pending })
    return 'done' as const
  }

  async commit(id: SessionId, { next, current, renewed, ...ends }: RotationCommit) {
    const session = this.sessions.get(id)
    if (session === undefined) return 'gone' as const
    if (session.secretHash === next) return 'done' as const
    if (session.secretHash !== current || session.pending?.secretHash !== next) return 'superseded' as const
    const predecessors = [current, ...(session.predecessors ?? [])]
    this.#change(id, { ...renewed, ...ends, secretHash: next, predecessors, pending: undefined })
    return 'done' as const
  }

  async withdraw(...[id, pending]: Parameters<RotationStore['withdraw']>) {
    if (this.sessions.get(id)?.pending?.secretHash !== pending) return false
    this.#change(id, { pending: undefined })
    return true
  }

  async endOverlap(...[id, current, atMs]: Parameters<RotationStore['endOverlap']>) {
    const session = this.sessions.get(id)
    if (session?.secretHash !== current || (session.overlapEndsMs ?? 0) <= atMs) return false
    this.#change(id, { overlapEndsMs: atMs })
    return true
  }
}

export class MemoryLog {
  readonly entries: { readonly entry: LogEntry; readonly position: Position }[] = []

  append(entry: LogEntry): Position {
    const position = formatPosition(EPOCH, 6 + this.entries.length)
    this.entries.push({ entry, position })
    return position
  }
}

export interface ReplicaOptions {
  readonly store: MemoryStore
  readonly log: MemoryLog
  readonly nowMs?: () => number
  readonly hook?: Hook
}

/** One replica: what it has applied is its own. */
export class MemoryReplica {
  readonly view = new LogView()
  readonly ports: SecretPorts & LimitPorts
  readonly told: string[] = []
  readonly #options: ReplicaOptions
  readonly #published = new Set<Position>()

  constructor(options: ReplicaOptions) {
    this.#options = options
    this.view.reset(BEGINNING, [], { epoch: EPOCH })
    const { store, nowMs = () => 0 } = options
    // As everywhere, what is reported is told to the audit trail as well where it belongs there.
    const events = SECURITY_EVENTS as Partial<Record<string, (of: never) => SecurityEvent | undefined>>
    const tell = (report: string) => (of: never) => {
      const event = events[report]?.(of)
      this.told.push(report, ...(event === undefined ? [] : [event.type]))
    }
    const reports = new Proxy({}, { get: (_, report) => tell(String(report)) }) as SessionReports
    this.ports = {
      view: this.view,
      log: this.#factLog(),
      sessions: this.#hooked('sessions', this.#sessionStore()),
      subjects: this.#hooked('subjects', this.#subjectStore()),
      rotations: this.#hooked('rotations', {
        begin: (...call) => store.begin(...call),
        commit: (...call) => store.commit(...call),
        withdraw: (...call) => store.withdraw(...call),
        endOverlap: (...call) => store.endOverlap(...call),
      } satisfies RotationStore),
      clock: { nowMs },
      projection: { waitFor: async () => true },
      reports,
      ending: new Map(),
    }
  }

  /** Everything that is in the log by now takes effect here. */
  applyAll(): void {
    for (const { entry, position } of this.#options.log.entries) this.view.apply(entry, position)
  }

  /** Writes what is in the view into the store. */
  project(): void {
    const { store } = this.#options
    const { entries, upTo } = this.view.pending(100)
    for (const { fact } of entries) {
      if (fact.reach === 'session') store.sessions.delete(fact.session)
      if (fact.reach === 'subject')
        store.subjects.set(fact.subject, mergeSubjectFacts(fact.facts, store.subjects.get(fact.subject)))
    }
    if (upTo > store.projected) store.projected = upTo
    this.view.markProjected(store.projected)
  }

  /** Calls reach the store, and their answers come back, when the hook lets them. */
  #hooked<T extends object>(name: string, port: T): T {
    const { hook } = this.#options
    if (hook === undefined) return port
    return new Proxy(port, {
      get: (target, property, receiver) => {
        const call: unknown = Reflect.get(target, property, receiver)
        if (typeof call !== 'function') return call
        return async (...args: unknown[]): Promise<unknown> => {
          await hook(`${name}.${String(property)}`)
          const answer: unknown = await Reflect.apply(call, target, args)
          await hook(`${name}.${String(property)} answered`)
          return answer
        }
      },
    })
  }

  #factLog(): FactLog {
    const { log, hook = () => undefined } = this.#options
    const { view } = this
    return {
      replica: 'replica' as MemberId,
      mayAnswer: true,
      isFollowing: true,
      isFrozen: false,
      publish: async (entry): Promise<Publication> => {
        await hook('log.publish')
        const position = log.append(entry)
        this.#published.add(position)
        await hook('log.publish answered')
        return { kind: 'stored', position, duplicate: false }
      },
      confirm: async () => {
        await hook('log.confirm')
        return {
          confirmedBy: 'acknowledgement',
          verifiers: { total: 1, acknowledged: 1, lapsed: 0 },
        }
      },
      hasRoomFor: () => true,
      isConfirmed: () => true,
      waitFor: async (position) => {
        // A publisher waits for its own reader; somebody who was given a birth elsewhere does not.
        if (this.#published.has(position)) this.applyAll()
        return view.applied >= position
      },
      catchUp: async () => (this.applyAll(), true),
      lastPositionOf: () => Promise.resolve(ORIGIN),
      lastGrantsOf: () => Promise.resolve(undefined),
      history: () => Promise.resolve([]),
      startAgain: () => undefined,
    }
  }

  #sessionStore(): SessionStore {
    const { store } = this.#options
    return {
      read: async (ids) => ({ projected: store.projected, found: ids.map((id) => store.sessions.get(id)) }),
      create: async (session) => void store.sessions.set(session.id, session),
      discard: async ({ id }) => void store.sessions.delete(id),
      relist: async () => undefined,
      enrol: async ({ id }, max) => {
        store.order.push({ session: id, login: (store.order.at(-1)?.login ?? 0) + 1 })
        return store.order.length > max ? [...store.order] : []
      },
      strike: async (_, logins) => {
        for (const login of logins) store.order.splice(store.order.indexOf(login), 1)
      },
      touch: async () => undefined,
      due: async () => [],
      unlist: async () => [],
      pageOfSubject: async () => ({ ids: [], next: undefined }),
      pageOfAll: async () => ({ ids: [...store.sessions.keys()], next: undefined }),
      count: async () => store.sessions.size,
    }
  }

  #subjectStore(): SubjectStore {
    const { store } = this.#options
    return {
      read: async (keys) => ({
        projected: store.projected,
        found: keys.map((key) => store.subjects.get(key) ?? {}),
      }),
    }
  }
}

export function revokedEntry(scope: LogEntryOf<'revoked'>['scope']): LogEntryOf<'revoked'> {
  const head = { v: 1, id: 'r', at: '2026-01-01T00:00:00.000Z', actor: 'system' } as const
  return { ...head, type: 'revoked', scope }
}
