/**
 * ④ ⑤ Carries the view's backlog into Redis, for as long as the process lives.
 * Promise: nothing is skipped and nothing is forgotten before Redis has it; while Redis is away the log goes on.
 */
import type { Position } from '@curfew/contracts'
import { Backoff } from '@curfew/protocol'

import type { LogView, Unprojected } from '../../domain/log/log-view.ts'
import type { Projection } from '../../domain/log/ports.ts'

export interface ProjectionTarget {
  write(entries: readonly Unprojected[]): Promise<void>
  advance(known: Position, upTo: Position): Promise<Position>
}

export interface ProjectorOptions {
  readonly view: LogView
  readonly target: ProjectionTarget
  /** Redis has lost writes, or the view has gaps and all that it kept is written. */
  readonly onStale: (reason: string) => void
  /** Redis has been told more than this replica has read: another one is ahead, or the log has lost its end. */
  readonly onAhead: (vouched: Position) => void
  readonly onFailure: (error: unknown) => void
}

const BATCH = 256
const RETRY = { firstMs: 100, mostMs: 2_000 }
/** Positions without facts (barriers) are not worth a write each. */
const IDLE_ADVANCE_MS = 1_000
const STALE_MS = 100

interface Waiter {
  readonly position: Position
  readonly settle: (reached: boolean) => void
}

export class Projector implements Projection {
  readonly #options: ProjectorOptions
  readonly #waiters = new Set<Waiter>()
  #sleeper: { readonly isForWork: boolean; readonly wake: () => void } | undefined
  #isStopped = false
  #isFailing = false
  #running: Promise<void> = Promise.resolve()
  /** Redis has everything that the view had at this moment of the process's own clock. */
  #currentAsOfMs: number = performance.now()
  #checkpoint: { readonly position: Position; readonly atMs: number } | undefined

  constructor(options: ProjectorOptions) {
    this.#options = options
  }

  /** True from the first failed attempt until one succeeds. */
  get isFailing(): boolean {
    return this.#isFailing
  }

  /** How old what Redis shows may be. */
  get behindMs(): number {
    return this.#options.view.backlog === 0 ? 0 : performance.now() - this.#currentAsOfMs
  }

  start(): void {
    this.#running = this.#run()
  }

  /** There may be something to write. */
  wake(): void {
    if (this.#sleeper?.isForWork === true) this.#sleeper.wake()
  }

  async waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    if (this.#options.view.projected >= position) return true
    if (this.#isFailing || this.#isStopped || timeoutMs === 0) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const waiter = { position, settle: resolve }
    this.#waiters.add(waiter)
    const timer = setTimeout(resolve, timeoutMs, false)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#sleeper?.wake()
    await this.#running
    this.#release(() => true, false)
  }

  async #run(): Promise<void> {
    const retry = new Backoff(RETRY)
    while (!this.#isStopped) {
      try {
        const outcome = await this.#step()
        this.#isFailing = false
        retry.reset()
        if (outcome === 'idle') await this.#sleep(IDLE_ADVANCE_MS, true)
        // Until the view starts again, which may take long, there is work that leads nowhere.
        if (outcome === 'stale') await this.#sleep(STALE_MS, false)
      } catch (error) {
        if (!this.#isFailing) this.#options.onFailure(error)
        this.#isFailing = true
        // Those who wait have their answer: not now.
        this.#release(() => true, false)
        await this.#sleep(retry.nextMs() * (0.5 + Math.random() / 2), false)
      }
    }
  }

  /** One batch. */
  async #step(): Promise<'more' | 'idle' | 'stale'> {
    const { view, target, onStale, onAhead } = this.#options
    this.#measure()
    const { generation, projected } = view
    const { entries, upTo } = view.pending(BATCH)
    if (entries.length === 0 && !view.complete) {
      onStale('view-incomplete')
      return 'stale'
    }
    if (upTo <= projected) return 'idle'
    await target.write(entries)
    const vouched = await target.advance(projected, upTo)
    // The view started again meanwhile: what was written is true, but says nothing about the new one.
    if (view.generation !== generation) return 'more'
    if (vouched < projected) {
      onStale('redis-rewound')
      return 'stale'
    }
    if (vouched > view.applied) onAhead(vouched)
    // Nothing that this replica has yet to read: it may not be what Redis was told.
    view.markProjected(vouched > view.applied ? view.applied : vouched)
    this.#release(({ position }) => position <= view.projected, true)
    return view.backlog === 0 ? 'idle' : 'more'
  }

  #measure(): void {
    const { view } = this.#options
    const atMs = performance.now()
    if (view.backlog === 0) this.#currentAsOfMs = atMs
    else if (this.#checkpoint !== undefined && view.projected >= this.#checkpoint.position)
      this.#currentAsOfMs = this.#checkpoint.atMs
    else if (this.#checkpoint !== undefined) return
    this.#checkpoint = { position: view.applied, atMs }
  }

  #release(which: (waiter: Waiter) => boolean, reached: boolean): void {
    for (const waiter of this.#waiters) if (which(waiter)) waiter.settle(reached)
  }

  async #sleep(ms: number, isForWork: boolean): Promise<void> {
    if (this.#isStopped || (isForWork && this.#options.view.backlog > 0)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#sleeper = { isForWork, wake: resolve }
    await promise
    clearTimeout(timer)
    this.#sleeper = undefined
  }
}
