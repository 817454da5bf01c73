/**
 * ② Gathers the questions of one tick into few requests.
 * Promise: an answer is only ever given to checks that began before it was asked for, and what waits is bounded.
 */
import { MAX_RESOLVE_BATCH, type Resolved, type SessionId } from '@curfew/contracts'

/** `elapsedMs` counts from the moment the request was sent; undefined: there is no answer, and so no verdict. */
export type BatchAnswer = { readonly resolved: Resolved; readonly elapsedMs: number } | undefined

export interface BatchesOptions {
  /** Answers in the order of the question, or undefined; never rejects. */
  readonly ask: (sessions: readonly SessionId[]) => Promise<readonly Resolved[] | undefined>
  readonly nowMs: () => number
  readonly waitingMax: number
}

export interface Batches {
  /** Undefined when too many wait already. */
  resolve(session: SessionId): Promise<BatchAnswer> | undefined
  /** Answers everyone who waits with undefined, now and from now on. */
  close(): void
}

type Waiter = (answer: BatchAnswer) => void

export function createBatches({ ask, nowMs, waitingMax }: BatchesOptions): Batches {
  let gathering = new Map<SessionId, Waiter[]>()
  const sent = new Set<Map<SessionId, Waiter[]>>()
  let waiting = 0
  let closed = false

  // A check never joins a request that is under way: its answer may be older than a revocation that was confirmed
  // before the check began.
  function resolve(session: SessionId): Promise<BatchAnswer> | undefined {
    if (closed || waiting >= waitingMax) return undefined
    waiting += 1
    return new Promise((settle) => {
      // The end of the tick, so that everything which the poll of the sockets has brought shares a request.
      if (gathering.size === 0) setImmediate(flush)
      const waiters = gathering.get(session)
      if (waiters === undefined) gathering.set(session, [settle])
      else waiters.push(settle)
    })
  }

  function flush(): void {
    const all = [...gathering]
    gathering = new Map()
    for (let start = 0; start < all.length; start += MAX_RESOLVE_BATCH)
      void send(new Map(all.slice(start, start + MAX_RESOLVE_BATCH)))
  }

  async function send(batch: Map<SessionId, Waiter[]>): Promise<void> {
    sent.add(batch)
    const sentAtMs = nowMs()
    const answers = await ask([...batch.keys()])
    if (!sent.delete(batch)) return
    const elapsedMs = nowMs() - sentAtMs
    let next = 0
    for (const waiters of batch.values()) {
      const resolved = answers?.[next++]
      settleAll(waiters, resolved === undefined ? undefined : { resolved, elapsedMs })
    }
  }

  function settleAll(waiters: readonly Waiter[], answer: BatchAnswer): void {
    waiting -= waiters.length
    for (const settle of waiters) settle(answer)
  }

  function close(): void {
    closed = true
    const open = [gathering, ...sent]
    gathering = new Map()
    sent.clear()
    for (const batch of open) for (const waiters of batch.values()) settleAll(waiters, undefined)
  }

  return { resolve, close }
}
