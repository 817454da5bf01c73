/**
 * ② The last entries that this verifier applied: what an answer that was read earlier may have missed.
 * Promise: "untouched" is said only when every entry since that reading is still remembered and none concerns the session;
 * an entry that comes again is known by its id.
 */
import { subjectKey, type LogEntry, type SessionId } from '@curfew/contracts'

/** What an entry may concern, of one session. */
export interface Touchable {
  readonly id: SessionId
  readonly tenant: string
  readonly user: string
  readonly client: string
}

const CAPACITY = 1024
/** Entries that others have overtaken may arrive when following has begun behind them. */
const OVERTAKEN_MOST = 64

export class RecentEntries {
  /** Keys that each entry touches, by sequence modulo capacity; undefined for entries that touch no session. */
  readonly #touched: (string | undefined)[] = Array.from({ length: CAPACITY })
  readonly #ids: (string | undefined)[] = Array.from({ length: CAPACITY })
  #first = 0
  #last = 0
  /** Where following began. */
  #beginning = 0

  /** Starts afresh: everything up to `applied` is unknown here. */
  reset(applied: number): void {
    this.#first = applied + 1
    this.#last = applied
    this.#beginning = this.#first
  }

  record(seq: number, entry: LogEntry): void {
    this.#touched[seq % CAPACITY] = touchedKey(entry)
    this.#ids[seq % CAPACITY] = entry.id
    this.#last = seq
    this.#first = Math.max(this.#first, seq - CAPACITY + 1)
  }

  /** Whether an entry at a place that was passed already may be of this log: the same again, or one that comes late. */
  mayRepeat(seq: number, id: string): boolean {
    if (seq >= this.#first) return this.#ids[seq % CAPACITY] === id
    return seq < this.#beginning && seq >= this.#beginning - OVERTAKEN_MOST
  }

  /** What happened to this session in `(since, last]`. */
  verdictSince(since: number, session: Touchable): 'untouched' | 'touched' | 'forgotten' {
    if (since >= this.#last) return 'untouched'
    if (since + 1 < this.#first) return 'forgotten'
    const keys = keysOf(session)
    for (let seq = since + 1; seq <= this.#last; seq += 1) {
      const key = this.#touched[seq % CAPACITY]
      if (key !== undefined && keys.has(key)) return 'touched'
    }
    return 'untouched'
  }
}

/** True when the entry is about this session, or about something that the session hangs on. */
export function concerns(entry: LogEntry, session: Touchable): boolean {
  const key = touchedKey(entry)
  return key !== undefined && keysOf(session).has(key)
}

function keysOf({ id, tenant, user, client }: Touchable): ReadonlySet<string> {
  return new Set([
    'global',
    `session ${id}`,
    `client ${client}`,
    `tenant ${tenant}`,
    `subject ${tenant}/${user}`,
  ])
}

function touchedKey(entry: LogEntry): string | undefined {
  switch (entry.type) {
    case 'revoked': {
      const { scope } = entry
      if (scope.type === 'global') return 'global'
      if (scope.type === 'session') return `session ${scope.session}`
      if (scope.type === 'client') return `client ${scope.client}`
      if (scope.type === 'tenant') return `tenant ${scope.tenant}`
      return `subject ${subjectKey(scope.tenant, scope.user)}`
    }
    case 'rotated':
      return `session ${entry.session}`
    case 'grants-changed':
      return `subject ${subjectKey(entry.tenant, entry.user)}`
    case 'role-changed':
      return `tenant ${entry.tenant}`
    case 'suspended':
    case 'resumed':
      return entry.user === undefined
        ? `tenant ${entry.tenant}`
        : `subject ${subjectKey(entry.tenant, entry.user)}`
    case 'barrier':
    case 'genesis':
    case 'opened':
    case 'closed':
    case 'config':
    case 'joined':
    case 'left':
    case 'evicted':
      return undefined
  }
}
