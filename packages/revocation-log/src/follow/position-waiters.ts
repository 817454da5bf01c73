/**
 * ⑤ Callers that wait until the log has been applied up to some position.
 * Promise: each hears exactly one answer, and nothing is kept for those that gave up.
 */
import type { Position } from '@curfew/contracts'

interface Waiter {
  readonly position: Position
  readonly answer: (reached: boolean) => void
}

export class PositionWaiters {
  readonly #waiters = new Set<Waiter>()
  /** Nobody waits for less: most entries need no search. */
  #nearest: Position | undefined
  #closed = false

  /** The position was not reached when this is called. */
  async wait(position: Position, timeoutMs: number): Promise<boolean> {
    if (this.#closed) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiter = { position, answer: resolve }
    const timer = setTimeout(() => resolve(false), timeoutMs)
    this.#waiters.add(waiter)
    if (this.#nearest === undefined || position < this.#nearest) this.#nearest = position
    const reached = await promise
    clearTimeout(timer)
    this.#waiters.delete(waiter)
    return reached
  }

  reached(applied: Position): void {
    if (this.#nearest === undefined || applied < this.#nearest) return
    this.#nearest = undefined
    for (const waiter of this.#waiters) {
      if (waiter.position <= applied) {
        this.#waiters.delete(waiter)
        waiter.answer(true)
      } else if (this.#nearest === undefined || waiter.position < this.#nearest)
        this.#nearest = waiter.position
    }
  }

  close(): void {
    this.#closed = true
    for (const waiter of this.#waiters) waiter.answer(false)
  }
}
