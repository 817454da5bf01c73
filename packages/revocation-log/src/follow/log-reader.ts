/**
 * ⑤ Does for the follower what it asks for: feed, catch-ups, barriers, the passing of time.
 * Promise: one thing at a time, and what has lost its point is dropped at once, so that a late answer never meets a newer state.
 */
import { randomUUID } from 'node:crypto'

import { type MemberId, type Position, entryHead } from '@curfew/contracts'
import { orAborted, pause } from '@curfew/protocol'
import type { Subscription } from '@nats-io/nats-core'

import { LogError } from '../stream/errors.ts'
import type { LogLogger } from '../stream/log-logger.ts'
import type { LogReader } from '../stream/log.ts'
import { isStreamGone, type NatsLog } from '../stream/nats-log.ts'
import type { Follower } from './follower.ts'
import type { Step } from './following.ts'
import { PositionWaiters } from './position-waiters.ts'
import type { ProvenPublish } from './proven-publish.ts'

type CatchUp = Extract<Step, { kind: 'catch-up' }>
type Probe = Extract<Step, { kind: 'probe' }>

/** How often the follower is asked whether time alone has made something due. */
const TICK_MS = 50
const BARRIER_MS = 2_000
/** A log that cannot be followed after so many attempts is reported to who wanted to open it. */
const FAILURES_AT_START = 5

export interface FollowingOptions {
  readonly log: NatsLog
  readonly logId: string
  readonly follower: Follower
  readonly publishOnce: ProvenPublish
  readonly replica: MemberId
  readonly logger: LogLogger
  readonly onApplied: (applied: Position) => void
}

export class FollowingReader implements LogReader {
  readonly #options: FollowingOptions
  readonly #waiters = new PositionWaiters()
  readonly #feed: Subscription
  readonly #finished: Promise<void>
  readonly #started = Promise.withResolvers<void>()
  #closed = false
  #announced: Position | undefined
  /** Aborted when the follower has moved on from the run that it belongs to. */
  #current: { readonly run: number; readonly controller: AbortController }

  constructor(options: FollowingOptions) {
    const { log, follower } = options
    this.#options = options
    this.#current = { run: follower.run, controller: new AbortController() }
    this.#feed = log.follow({
      onEntry: (seq, json) => {
        follower.feed(seq, json, performance.now())
        this.refresh()
      },
      onUnreadable: () => {
        options.logger.warn({ event: 'log.feed.unreadable' })
        follower.distrustFeed(performance.now())
        this.refresh()
      },
      onEnd: (reason) => {
        if (!this.#closed) follower.freeze({ kind: 'feed ended', detail: reason })
        this.refresh()
      },
    })
    this.#finished = this.#work()
  }

  /** Resolves when the end of the log has been reached for the first time. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  get applied(): Position {
    return this.#options.follower.applied
  }

  get healthy(): boolean {
    return !this.#closed && this.#options.follower.healthy
  }

  get frozen(): boolean {
    return this.#options.follower.frozen
  }

  async waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    return this.applied >= position || this.#waiters.wait(position, timeoutMs)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#feed.unsubscribe()
    this.#current.controller.abort()
    this.#waiters.close()
    await this.#finished
  }

  /** To be called after anything happened to the follower: wakes whom it concerns. */
  refresh(): void {
    const { follower } = this.#options
    if (follower.applied !== this.#announced && !this.#closed) {
      this.#announced = follower.applied
      this.#options.onApplied(follower.applied)
    }
    this.#waiters.reached(follower.applied)
    if (follower.healthy) this.#started.resolve()
    if (follower.run !== this.#current.run) this.#current.controller.abort()
  }

  async #work(): Promise<void> {
    const { follower } = this.#options
    while (!this.#closed && !follower.frozen) {
      const step = follower.next(performance.now())
      if (this.#current.run !== follower.run)
        this.#current = { run: follower.run, controller: new AbortController() }
      const { signal } = this.#current.controller
      if (step.kind === 'wait') await pause(TICK_MS, signal)
      else await this.#carryOut(step, signal)
      this.refresh()
    }
  }

  async #carryOut(step: CatchUp | Probe, signal: AbortSignal): Promise<void> {
    const { follower, logger } = this.#options
    try {
      if (step.kind === 'catch-up') await this.#catchUp(step, signal)
      else await this.#publishBarrier(signal)
    } catch (err) {
      if (signal.aborted) return
      logger.warn({ event: `log.${step.kind}.failed`, applied: this.applied, err })
      if (isStreamGone(err)) follower.doubt({ kind: 'gone', detail: `epoch ${this.#options.log.epoch}` })
      follower.failed(step.run, performance.now())
      if (follower.failures >= FAILURES_AT_START)
        this.#started.reject(
          new LogError('LOG_UNAVAILABLE', 'catching up fails again and again', { cause: err }),
        )
    }
  }

  async #catchUp({ run, from }: CatchUp, signal: AbortSignal): Promise<void> {
    const { log, logId, follower } = this.#options
    const found = await orAborted(log.logId(), signal)
    if (found !== logId)
      return follower.freeze({ kind: 'replaced', detail: `${logId} by ${found ?? 'nothing'}` })
    follower.readUpTo(run, await this.#publishBarrier(signal))
    let verdict = 'more'
    for await (const stored of log.read(from, signal)) {
      verdict = follower.read(run, stored, performance.now())
      if (verdict !== 'more') break
    }
    if (follower.run !== run) return
    if (verdict !== 'enough') throw new Error('the reading ended before its barrier')
    follower.settleAt(run, await this.#publishBarrier(signal))
  }

  /** Only an acknowledgement proves a position: reads may be answered by a leader that has been deposed. */
  async #publishBarrier(signal: AbortSignal): Promise<number> {
    const { publishOnce, replica } = this.#options
    const head = entryHead(`barrier-${randomUUID()}`, Date.now())
    const barrier = { ...head, type: 'barrier', replica } as const
    const attempt = await orAborted(publishOnce(barrier, { timeoutMs: BARRIER_MS }), signal)
    if (attempt.kind === 'acknowledged') return attempt.seq
    const cause = 'err' in attempt ? attempt.err : undefined
    throw new Error(`the barrier was not stored: ${attempt.kind}`, { cause })
  }
}
