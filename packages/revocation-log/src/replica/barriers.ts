/**
 * ④ ⑤ Publishes the barriers that leases stand on, for members that ask and for this replica itself.
 * Promise: one at a time, each published after the requests that share it had arrived; everyone who asked gets an answer.
 */
import { randomUUID } from 'node:crypto'

import {
  sequenceOf,
  type LogEntryOf,
  type MemberId,
  type Position,
  type RENEW_LEASE,
  entryHead,
} from '@curfew/contracts'
import type { Clock } from '@curfew/protocol'
import type { Static } from 'typebox'

import type { Coordinator } from '../membership/coordinator.ts'
import type { LogLogger } from '../stream/log-logger.ts'
import type { PublishResult } from '../stream/log.ts'

export type RenewalAnswer = Static<typeof RENEW_LEASE.answer>

export interface BarriersOptions {
  readonly coordinator: Coordinator
  readonly clock: Clock
  readonly logger: LogLogger
  readonly publish: (barrier: LogEntryOf<'barrier'>) => Promise<PublishResult>
  /** True when this replica has applied the position in time. */
  readonly waitFor: (position: Position, timeoutMs: number) => Promise<boolean>
  /** Whether the log is followed at this moment. */
  readonly follows: () => boolean
}

/** Renewals that arrive within this time share a barrier. */
const BATCH_WINDOW_MS = 10
const APPLIED_WITHIN_MS = 2_000

export class Barriers {
  readonly #options: BarriersOptions
  #timer: NodeJS.Timeout | undefined
  #isPublishing = false
  #isClosed = false

  constructor(options: BarriersOptions) {
    this.#options = options
  }

  /** @throws when no lease can be granted now. */
  async renew(member: MemberId): Promise<RenewalAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<RenewalAnswer>()
    this.#options.coordinator.renewalAsked({
      member,
      reply: (answer) => {
        if (!('refused' in answer)) resolve({ outcome: 'granted', ...answer })
        else if (answer.refused === 'not-a-member') resolve({ outcome: 'not-a-member' })
        else reject(new Error('no lease can be granted now'))
      },
    })
    this.#soon()
    return promise
  }

  /** Renews this replica's own lease, and serves who has asked. Who asks while one is under way is served by the next. */
  async publish(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { coordinator, clock } = this.#options
    if (this.#isPublishing || this.#isClosed || !coordinator.isFollowing) return
    this.#isPublishing = true
    const nonce = randomUUID()
    const barrier = coordinator.beginBarrier(nonce, clock())
    try {
      const position = await this.#store(nonce)
      // Publishing may have outlasted a connection, and this may be the first to notice.
      if (position === undefined || !this.#options.follows()) return barrier.failed()
      barrier.stored(sequenceOf(position), clock())
      await this.#options.waitFor(position, APPLIED_WITHIN_MS)
    } finally {
      this.#isPublishing = false
      // One that has not come back by now helps nobody any more.
      barrier.failed()
      this.#soon()
    }
  }

  /** A barrier that asks all members to acknowledge it, and with it everything before it; undefined when it is not stored. */
  async ask(): Promise<Position | undefined> {
    const position = await this.#store(randomUUID(), this.#options.coordinator.replica)
    const isApplied = position !== undefined && (await this.#options.waitFor(position, APPLIED_WITHIN_MS))
    return isApplied ? position : undefined
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #soon(): void {
    if (this.#isClosed || !this.#options.coordinator.hasRenewals) return
    this.#timer ??= setTimeout(() => void this.publish(), BATCH_WINDOW_MS)
  }

  async #store(nonce: string, ackTo?: MemberId): Promise<Position | undefined> {
    const { coordinator, clock, publish, logger } = this.#options
    try {
      const result = await publish({
        ...entryHead(`barrier-${nonce}`, clock().wallMs),
        type: 'barrier',
        replica: coordinator.replica,
        ...(ackTo !== undefined && { ackTo }),
      })
      return result.kind === 'stored' ? result.position : undefined
    } catch (err) {
      logger.warn({ event: 'barrier.failed', err })
      return undefined
    }
  }
}
