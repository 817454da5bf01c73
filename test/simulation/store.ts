/**
 * What Redis holds for the session service, as facts instead of keys and scripts.
 * Promise: each call takes effect at once and whole, or not at all, or nobody knows; and the store may be put back to how
 * it was some time ago, together with everything that it says about itself.
 */
import { type Position, type SessionId, type SubjectKey } from '@curfew/contracts'
import type { LogIdentity } from '@curfew/revocation-log'

import { wideFieldOf } from '../../services/session/src/adapters/redis/redis-wide-record.ts'
import {
  mergeSubjectFacts,
  newer,
  type SubjectFacts,
  type WideFact,
} from '../../services/session/src/domain/log/facts.ts'
import type { Unprojected } from '../../services/session/src/domain/log/log-view.ts'
import type { RevocationHistory } from '../../services/session/src/domain/revocations/ports.ts'
import { revocationOf, type Revocation } from '../../services/session/src/domain/revocations/revocation.ts'
import type { RotationStore, SessionStore } from '../../services/session/src/domain/sessions/ports.ts'
import type { SessionRecord } from '../../services/session/src/domain/sessions/session-record.ts'
import type { Random } from './random.ts'
import type { World } from './virtual-time.ts'

export interface Held {
  applied: Position
  log: LogIdentity | undefined
  readonly wide: Map<string, WideFact>
  readonly subjects: Map<SubjectKey, SubjectFacts>
  readonly sessions: Map<SessionId, SessionRecord>
  readonly revocations: Map<string, Revocation>
}

function nothing(): Held {
  const [wide, subjects, sessions, revocations] = [new Map(), new Map(), new Map(), new Map()]
  return {
    applied: '000000.0000000000000000' as Position,
    log: undefined,
    wide,
    subjects,
    sessions,
    revocations,
  }
}

function copyOf({ applied, log, wide, subjects, sessions, revocations }: Held): Held {
  return {
    applied,
    log,
    wide: new Map(wide),
    subjects: new Map(subjects),
    sessions: new Map(sessions),
    revocations: new Map(revocations),
  }
}

const SNAPSHOT_EVERY_MS = 250
const SNAPSHOTS = 40
/** What ioredis waits for an answer. */
const COMMAND_TIMEOUT_MS = 1_000

export class Store {
  readonly world: World
  readonly random: Random
  held: Held = nothing()
  isUp = true
  /** How likely a command loses its connection, after or in the middle of what it does. */
  lossiness = 0
  /** Commands wait for as long as it hangs. */
  hanging: (() => void)[] | undefined
  /** Rises with each loss: what was under way is not answered. */
  #incarnation = 0
  readonly #snapshots: { readonly atMs: number; readonly held: Held }[] = []

  constructor(world: World) {
    this.world = world
    this.random = world.random.split()
    const keep = (): void => {
      if (this.isUp) this.#snapshots.push({ atMs: world.nowMs, held: copyOf(this.held) })
      if (this.#snapshots.length > SNAPSHOTS) this.#snapshots.shift()
      world.after(SNAPSHOT_EVERY_MS, keep)
    }
    keep()
  }

  /** As it was some time ago; also what takes the place of one that has died. What came after that has never been. */
  putBack(agoMs: number): void {
    const before = this.world.nowMs - agoMs
    const index = this.#snapshots.findLastIndex(({ atMs }) => atMs <= before)
    this.#snapshots.length = Math.min(this.#snapshots.length, Math.max(1, index + 1))
    const snapshot = this.#snapshots.at(-1)
    this.held = snapshot === undefined ? nothing() : copyOf(snapshot.held)
    this.restart()
  }

  empty(): void {
    this.held = nothing()
    this.#snapshots.length = 0
    this.restart()
  }

  restart(): void {
    this.#incarnation += 1
  }

  /** From the process whose code runs. */
  call<T>(run: (held: Held) => T): Promise<T> {
    const { world, random } = this
    const { current: process } = world
    const incarnation = this.#incarnation
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void): void => {
        clearTimeout(timer)
        world.after(random.skewed(0.05, 4), settle, { process })
      }
      const timer = setTimeout(() => reject(new Error('the store does not answer')), COMMAND_TIMEOUT_MS)
      const arrive = (): void => {
        if (this.hanging !== undefined) return void this.hanging.push(arrive)
        if (!this.isUp || incarnation !== this.#incarnation)
          return answer(() => reject(new Error('the store is not there')))
        const value = run(this.held)
        if (random.chance(this.lossiness))
          return answer(() => reject(new Error('the connection to the store was lost')))
        answer(() => resolve(value))
      }
      world.after(random.skewed(0.05, 6), arrive)
    })
  }
}

/** The part of it that follows the log: what RedisProjection is on Redis. */
export class StoreProjection {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  load(): Promise<{ projected: Position; wide: WideFact[] }> {
    return this.#store.call(({ applied, wide }) => ({ projected: applied, wide: [...wide.values()] }))
  }

  enter(found: LogIdentity): Promise<LogIdentity> {
    return this.#store.call((held) => {
      if (held.log === undefined || held.log.epoch < found.epoch)
        held.log = { epoch: found.epoch, logId: found.logId }
      return held.log
    })
  }

  /** A pipeline of scripts: what comes after a breakdown is not done. */
  async write(entries: readonly Unprojected[]): Promise<void> {
    if (entries.length === 0) return
    const isCutShort = this.#store.random.chance(this.#store.lossiness)
    const written = isCutShort ? entries.slice(0, this.#store.random.whole(0, entries.length - 1)) : entries
    await this.#store.call((held) => {
      for (const entry of written) tell(held, entry)
    })
    if (isCutShort) throw new Error('the connection to the store was lost')
  }

  advance(known: Position, upTo: Position): Promise<Position> {
    return this.#store.call((held) => {
      if (held.applied >= known && held.applied < upTo) held.applied = upTo
      return held.applied
    })
  }
}

function tell(held: Held, { entry, fact, position }: Unprojected): void {
  switch (fact.reach) {
    case 'wide': {
      const field = wideFieldOf(fact.fact)
      const known = held.wide.get(field)
      if (known === undefined || fact.fact.value.position > known.value.position)
        held.wide.set(field, fact.fact)
      break
    }
    case 'subject':
      held.subjects.set(fact.subject, mergeSubjectFacts(fact.facts, held.subjects.get(fact.subject)))
      break
    case 'session': {
      const session = held.sessions.get(fact.session)
      if (session !== undefined && session.birth < position) held.sessions.delete(fact.session)
    }
  }
  const revocation = revocationOf(entry, position)
  if (revocation === undefined) return
  const kept = newer(revocation, held.revocations.get(revocation.id))
  if (kept !== undefined) held.revocations.set(revocation.id, kept)
}

/** As much of a port as the simulated people need; whoever calls more fails. */
function partOf<T extends object>(known: Partial<T>): T {
  return known as T
}

/** The other ports, for what the simulated people do: nobody rotates secrets, nobody reaches a limit. */
export function storePorts(store: Store) {
  return {
    sessions: partOf<SessionStore>({
      read: (ids: readonly SessionId[]) =>
        store.call(({ applied, sessions }) => ({
          projected: applied,
          found: ids.map((id) => sessions.get(id)),
        })),
      create: (session: SessionRecord) =>
        store.call(({ sessions }) => void sessions.set(session.id, session)),
      discard: ({ id }: SessionRecord) => store.call(({ sessions }) => void sessions.delete(id)),
      touch: (seen: readonly SessionRecord[], nowMs: number) =>
        store.call(({ sessions }) => {
          for (const { id } of seen) {
            const session = sessions.get(id)
            if (session && session.lastSeenMs < nowMs) sessions.set(id, { ...session, lastSeenMs: nowMs })
          }
        }),
      enrol: async () => [],
      strike: async () => undefined,
    }),
    subjects: {
      read: (keys: readonly SubjectKey[]) =>
        store.call(({ applied, subjects }) => ({
          projected: applied,
          found: keys.map((key) => subjects.get(key) ?? {}),
        })),
    },
    history: partOf<RevocationHistory>({
      find: (id: string) => store.call(({ revocations }) => revocations.get(id)),
    }),
    rotations: partOf<RotationStore>({}),
  }
}
