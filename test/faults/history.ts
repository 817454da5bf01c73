/**
 * What happened, in the order in which it was noticed: every request, change and fault, timed by one monotonic clock.
 * Promise: appended to, never changed; the time of a start is no later, of an end no earlier than what it stands for.
 */
export type Scope =
  | { readonly type: 'session'; readonly session: string }
  | { readonly type: 'user'; readonly tenant: string; readonly user: string }
  | { readonly type: 'tenant'; readonly tenant: string }
  | { readonly type: 'client'; readonly client: string }
  | { readonly type: 'global' }

interface Timed {
  readonly startMs: number
  readonly endMs: number
}

/** A session, from the request for it to its answer. */
export interface Login extends Timed {
  readonly kind: 'login'
  /** Its public id. */
  readonly session: string
  readonly tenant: string
  readonly user: string
  readonly client: string
}

/** `admitted`: past the guard of the route. `unreachable`: refused, reset or silent beyond all patience. */
export type Outcome = 'admitted' | 'unreachable' | { readonly status: number; readonly retryAfter: boolean }

/** A check of one session at one process. */
export interface Check extends Timed {
  readonly kind: 'check'
  readonly session: string
  /** The process that was asked, and those behind it that it needs for the answer. */
  readonly at: readonly [string, ...string[]]
  /** The permission that the route asks for, beside a session. */
  readonly needs: 'documents:read' | 'nothing'
  /** Made when all was repaired: what holds, holds now. */
  readonly isFinal: boolean
  readonly outcome: Outcome
}

export type ChangeAnswer =
  | { readonly state: 'confirmed'; readonly by: string; readonly lapsed: number; readonly recorded: boolean }
  | { readonly state: 'recorded' | 'unknown' }
  /** `refused`: it did not happen. `none`: unreachable, or 503. */
  | { readonly state: 'refused' | 'none'; readonly status: number | undefined }

/** One try of an operator; the tries of one change share its id, and of a revocation the Idempotency-Key. */
export interface Try extends Timed {
  readonly kind: 'try'
  readonly change: number
  readonly at: string
  readonly answer: ChangeAnswer
}

/** What an operator wants, noted before the first try. */
export interface Change {
  readonly kind: 'change'
  readonly change: number
  readonly startMs: number
  readonly what:
    | { readonly type: 'revocation'; readonly scope: Scope; readonly spares?: string }
    | {
        readonly type: 'permission'
        readonly tenant: string
        readonly user: string
        readonly isGranted: boolean
        readonly through: 'grants' | 'role'
      }
}

export interface Fault extends Timed {
  readonly kind: 'fault'
  readonly name: string
  /** Processes that may be unreachable meanwhile. */
  readonly dead: readonly string[]
  /** Processes that may answer 503 meanwhile; all others go on as if nothing was. */
  readonly affected: readonly string[] | 'all'
  /** Sessions that are served all the same: everybody who is asked remembers them. */
  readonly spared?: readonly string[]
  /** How it is known that it happened. */
  readonly proof: string
  /** Sessions that began later are lost with the store that was put back. */
  readonly sessionsLostSinceMs?: number
}

/** The event loop of the observer came round: it was running, and its clock may be held against others. */
export interface Tick {
  readonly kind: 'tick'
  readonly atMs: number
  /** Since the tick before, the longest that any process of the system was ready to run and had no processor. */
  readonly starvedMs: number
}

export type Entry = Login | Check | Change | Try | Fault | Tick

export const TICK_MS = 20

export class History {
  readonly entries: Entry[]
  readonly #ticking: NodeJS.Timeout

  /**
   * @param starvedMs tells, each time for the time since the last, how long some process has been kept from running
   * @param earlier what is to be judged once more, together with what will be seen
   */
  constructor(starvedMs: () => number, earlier: readonly Entry[] = []) {
    this.entries = [...earlier]
    this.#ticking = setInterval(
      () => this.add({ kind: 'tick', atMs: performance.now(), starvedMs: starvedMs() }),
      TICK_MS,
    )
  }

  add(entry: Entry): void {
    this.entries.push(entry)
  }

  /** No more ticks. */
  close(): void {
    clearInterval(this.#ticking)
  }
}
