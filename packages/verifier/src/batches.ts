/**
 * ② Gathers the questions of one tick into few requests.
 * Promise: an answer is only ever given to checks that began before it was asked for, and what waits is bounded.
 */
import { MAX_RESOLVE_BATCH, type SessionId } from '@curfew/contracts'

export interface BatchesOptions<Answer> {
  /** Answers in the order of the question, or undefined where there are none; never rejects. */
  readonly ask: (sessions: readonly SessionId[]) => Promise<readonly Answer[] | undefined>
  readonly waitingMax: number
}

export interface Batches<Answer> {
  /** Undefined without an answer, and so without a verdict: also when too many wait already. */
  resolve(session: SessionId): Promise<Answer | undefined>
  /** Puts a session into the next request although nobody waits for it, unless it is under way like this already. */
  refresh(session: SessionId): void
  /** Answers everyone who waits with undefined, now and from now on. */
  close(): void
}

type Waiter<Answer> = (answer: Answer | undefined) => void
type Batch<Answer> = Map<SessionId, Waiter<Answer>[]>

export function createBatches<Answer>({ ask, waitingMax }: BatchesOptions<Answer>): Batches<Answer> {
  let gathering: Batch<Answer> = new Map()
  const sent = new Set<Batch<Answer>>()
  const refreshing = new Set<SessionId>()
  let waiting = 0
  let isClosed = false

  // A check never joins a request that is under way: its answer may be older than a revocation that was confirmed
  // before the check began.
  function resolve(session: SessionId): Promise<Answer | undefined> {
    if (isClosed || waiting >= waitingMax) return Promise.resolve(undefined)
    waiting += 1
    return new Promise((settle) => waitersOf(session).push(settle))
  }

  function refresh(session: SessionId): void {
    if (isClosed || refreshing.size >= waitingMax || refreshing.has(session)) return
    refreshing.add(session)
    waitersOf(session)
  }

  function waitersOf(session: SessionId): Waiter<Answer>[] {
    // The end of the tick, so that everything which the poll of the sockets has brought shares a request.
    if (gathering.size === 0) setImmediate(flush)
    let waiters = gathering.get(session)
    if (waiters === undefined) gathering.set(session, (waiters = []))
    return waiters
  }

  function flush(): void {
    const all = [...gathering]
    gathering = new Map()
    for (let start = 0; start < all.length; start += MAX_RESOLVE_BATCH)
      void send(new Map(all.slice(start, start + MAX_RESOLVE_BATCH)))
  }

  async function send(batch: Batch<Answer>): Promise<void> {
    sent.add(batch)
    const answers = await ask([...batch.keys()])
    if (!sent.delete(batch)) return
    let next = 0
    for (const [session, waiters] of batch) {
      refreshing.delete(session)
      settleAll(waiters, answers?.[next++])
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
    refreshing.clear()
    for (const batch of open) for (const waiters of batch.values()) settleAll(waiters, undefined)
  }

  return { resolve, refresh, close }
}
