/**
 * ② Gathers the questions of one tick into few requests.
 * Promise: an answer is only ever given to checks that began before it was asked for, and what waits is bounded. A session
 * that an answer has left out is asked about again for as long as others are answered instead.
 */
import { MAX_RESOLVE_BATCH, type SessionId } from '@curfew/contracts'

/** One session in a request; `isActivity` when somebody who uses it is among those who ask. */
export interface Asked {
  readonly id: SessionId
  readonly isActivity: boolean
}

export interface BatchesOptions<Answer> {
  /**
   * Answers in the order of the question, or undefined where there are none; never rejects. Undefined in place of one
   * answer: it was left out.
   */
  readonly ask: (sessions: readonly Asked[]) => Promise<readonly (Answer | undefined)[] | undefined>
  readonly waitingMax: number
}

export interface Batches<Answer> {
  /** Undefined without an answer, and so without a verdict: also when too many wait already. */
  resolve(session: SessionId, isActivity?: boolean): Promise<Answer | undefined>
  /** Puts a session into the next request although nobody waits for it, unless it is under way like this already. */
  refresh(session: SessionId, isActivity?: boolean): void
  /** Answers everyone who waits with undefined, now and from now on. */
  close(): void
}

type Waiter<Answer> = (answer: Answer | undefined) => void
interface Entry<Answer> {
  readonly id: SessionId
  readonly waiters: Waiter<Answer>[]
  isActivity: boolean
}
type Batch<Answer> = Map<SessionId, Entry<Answer>>

export function createBatches<Answer>({ ask, waitingMax }: BatchesOptions<Answer>): Batches<Answer> {
  let gathering: Batch<Answer> = new Map()
  const sent = new Set<Batch<Answer>>()
  /** Apart, so that a stream's question under way does not swallow that of somebody who uses the session. */
  const refreshing = { active: new Set<SessionId>(), passive: new Set<SessionId>() }
  let waiting = 0
  let isClosed = false

  // A check never joins a request that is under way: its answer may be older than a revocation that was confirmed
  // before the check began.
  function resolve(session: SessionId, isActivity = true): Promise<Answer | undefined> {
    if (isClosed || waiting >= waitingMax) return Promise.resolve(undefined)
    waiting += 1
    return new Promise((settle) => entryOf(session, isActivity).waiters.push(settle))
  }

  function refresh(session: SessionId, isActivity = true): void {
    const alike = isActivity ? refreshing.active : refreshing.passive
    if (isClosed || alike.size >= waitingMax || alike.has(session)) return
    alike.add(session)
    entryOf(session, isActivity)
  }

  function entryOf(id: SessionId, isActivity: boolean): Entry<Answer> {
    // The end of the tick, so that everything which the poll of the sockets has brought shares a request.
    if (gathering.size === 0) setImmediate(flush)
    let entry = gathering.get(id)
    if (entry === undefined) gathering.set(id, (entry = { id, waiters: [], isActivity }))
    entry.isActivity ||= isActivity
    return entry
  }

  function flush(): void {
    const all = [...gathering]
    gathering = new Map()
    for (let start = 0; start < all.length; start += MAX_RESOLVE_BATCH)
      void send(new Map(all.slice(start, start + MAX_RESOLVE_BATCH)))
  }

  async function send(batch: Batch<Answer>): Promise<void> {
    sent.add(batch)
    const answers = await ask([...batch.values()])
    if (!sent.delete(batch)) return
    const isProgress = answers?.some((answer) => answer !== undefined) === true
    for (const [index, { id, waiters, isActivity }] of [...batch.values()].entries()) {
      const answer = answers?.[index]
      if (isProgress && index < answers.length && answer === undefined) {
        entryOf(id, isActivity).waiters.push(...waiters)
        continue
      }
      refreshing.passive.delete(id)
      if (isActivity) refreshing.active.delete(id)
      settleAll(waiters, answer)
    }
  }

  function settleAll(waiters: readonly Waiter<Answer>[], answer: Answer | undefined): void {
    waiting -= waiters.length
    for (const settle of waiters) settle(answer)
  }

  function close(): void {
    isClosed = true
    const open = [gathering, ...sent]
    gathering = new Map()
    sent.clear()
    for (const alike of [refreshing.active, refreshing.passive]) alike.clear()
    for (const batch of open) for (const { waiters } of batch.values()) settleAll(waiters, undefined)
  }

  return { resolve, refresh, close }
}
