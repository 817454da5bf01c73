/**
 * ④ Writes the audit trail: one record at a time, each chained to the end of the trail, whoever wrote that.
 * Promise: no caller waits for it longer than a moment, and no request fails because of it; what is lost is counted, in the
 * trail too. Of the trail and of the queue, strangers and users get a share only.
 */
import { setTimeout as delay } from 'node:timers/promises'

import { currentRequestId, isoTime, type SecurityEvent } from '@curfew/contracts'
import { Backoff, within } from '@curfew/protocol'

import {
  formatRecord,
  hashOfRecord,
  keptText,
  MAX_EVENTS_IN_RECORD,
  newEventId,
  type AuditedEvent,
  type EventSource,
  type TrailHead,
} from '../../domain/audit/audit-record.ts'
import { isWithinShare, standingOf, type Standing } from '../../domain/audit/audit-room.ts'
import type { AuditTrail } from '../../domain/audit/audit-trail.ts'
import type { Clock } from '../../domain/log/ports.ts'
import { Unavailable } from '../../domain/log/unavailable.ts'
import type { AuditRoom } from './audit-room.ts'
import type { AppendOutcome } from './nats-audit-stream.ts'

export interface AuditStore {
  head(): Promise<TrailHead>
  append(record: string, after: TrailHead, id: string): Promise<AppendOutcome>
}

export interface AuditWriterOptions {
  readonly store: AuditStore
  readonly room: Pick<AuditRoom, 'takes' | 'grew' | 'refresh' | 'trouble'>
  readonly clock: Clock
  /** The trail has grown; only of records whose bytes are known here. */
  readonly onHead: (head: TrailHead) => void
  readonly onStored: (events: number) => void
  /** Told once when nothing can be stored, and with undefined when it can again. */
  readonly onTrouble: (error: unknown) => void
  readonly onDropped: (events: number) => void
  readonly capacity?: number
}

interface Waiting {
  readonly event: AuditedEvent
  readonly requestId: string | undefined
  readonly resolve: () => void
}

/** Minutes of a busy system without NATS. */
const CAPACITY = 10_000
const APPEND_WITHIN_MS = 1_500
const SETTLE_WITHIN_MS = 250
const CLOSE_WITHIN_MS = 2_000
const RETRY = { firstMs: 50, mostMs: 2_000 }
/** Of one event, for those that are on their way to the trail. */
const EVENT_BYTES = 600
const LOSS_TOLD_EVERY_MS = 60_000

export class AuditWriter implements AuditTrail {
  readonly #options: AuditWriterOptions
  readonly #queue: Waiting[] = []
  readonly #byRequest = new Map<string, { count: number; done: PromiseWithResolvers<void> }>()
  #head: TrailHead | undefined
  #writing: Promise<void> | undefined
  #isInTrouble = false
  #isClosed = false
  #dropped = 0
  #lossToldAtMs = -LOSS_TOLD_EVERY_MS

  constructor(options: AuditWriterOptions) {
    this.#options = options
  }

  /** Events that are not known to be stored. */
  get backlog(): number {
    return this.#queue.length
  }

  note(event: SecurityEvent): void {
    void this.#take(event, 'session')
  }

  /** Why operators' acts cannot be recorded; undefined while they can. */
  get trouble(): string | undefined {
    return this.#isInTrouble ? 'cannot be written' : this.#options.room.trouble
  }

  async canRecord(): Promise<boolean> {
    await this.#options.room.refresh()
    return this.trouble === undefined
  }

  async append(event: SecurityEvent, source: EventSource): Promise<void> {
    // Sent again, it would not find room either.
    if (!this.#hasRoomFor(standingOf(event, source))) return this.#drop()
    const stored = this.#take(event, source)
    const isStored =
      stored &&
      (await within(
        APPEND_WITHIN_MS,
        stored.then(() => true),
      ))
    if (isStored !== true) throw new Unavailable('audit-not-stored')
  }

  async settled(requestId: string): Promise<void> {
    // Once it is known to be stuck, making every caller wait would help nobody.
    if (this.#isInTrouble) return
    await within(SETTLE_WITHIN_MS, this.#byRequest.get(requestId)?.done.promise ?? Promise.resolve())
  }

  /** Writes what is there, as far as it can be written soon. */
  async close(): Promise<void> {
    await within(CLOSE_WITHIN_MS, this.#writing ?? Promise.resolve())
    this.#isClosed = true
    if (this.#queue.length > 0) this.#options.onDropped(this.#queue.length)
  }

  #take(event: SecurityEvent, source: EventSource): Promise<void> | undefined {
    const standing = standingOf(event, source)
    const isQueueOpen = isWithinShare(standing, this.#queue.length, this.#options.capacity ?? CAPACITY)
    if (this.#isClosed || !isQueueOpen || !this.#hasRoomFor(standing)) {
      this.#drop()
      return undefined
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    const requestId = event.requestId ?? currentRequestId()
    this.#queue.push({ event: this.#audited(event, source, requestId), requestId, resolve })
    if (requestId !== undefined) this.#count(requestId)
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined
    })
    return promise
  }

  #hasRoomFor(standing: Standing): boolean {
    // An act that the trail cannot take at the moment waits: it may have become free by then.
    return standing === 'operator' || this.#options.room.takes(standing, this.#queue.length * EVENT_BYTES)
  }

  #drop(): void {
    this.#dropped += 1
    this.#options.onDropped(1)
  }

  #audited(event: SecurityEvent, source: EventSource, requestId: string | undefined): AuditedEvent {
    return {
      id: newEventId(),
      at: isoTime(this.#options.clock.nowMs()),
      source,
      ...event,
      ...(event.reason !== undefined && { reason: keptText(event.reason) }),
      ...(event.effect !== undefined && { effect: keptText(event.effect) }),
      ...(requestId !== undefined && { requestId }),
    }
  }

  async #write(): Promise<void> {
    // Whoever comes in the same moment gets into the same record.
    await Promise.resolve()
    while (this.#queue.length > 0 && !this.#isClosed) {
      const batch = this.#queue.slice(0, MAX_EVENTS_IN_RECORD)
      await this.#store(batch.map(({ event }) => event))
      if (this.#isClosed) return
      this.#queue.splice(0, batch.length)
      for (const waiting of batch) this.#settle(waiting)
      this.#options.onStored(batch.length)
      this.#reportLoss()
    }
  }

  /** Ends only when these events are stored, in this order and as one record. */
  async #store(events: readonly AuditedEvent[]): Promise<void> {
    const id = events[0]?.id ?? ''
    const backoff = new Backoff(RETRY)
    for (let attempt = 0; !this.#isClosed; attempt++) {
      try {
        this.#head ??= await this.#options.store.head()
        const record = formatRecord(events, this.#head)
        const outcome = await this.#options.store.append(record, this.#head, id)
        this.#head = undefined
        if (outcome.kind === 'conflict') {
          // Others write as well: the more of them, the longer until each of them gets its turn.
          if (attempt > 0) await delay(Math.random() * 2 ** Math.min(attempt, 6))
          continue
        }
        // A duplicate is an earlier attempt of this very record, after a head that is not known any more.
        if (!outcome.isDuplicate) this.#grown(outcome.seq, record, events[0]?.at ?? null)
        this.#options.room.grew(Buffer.byteLength(record))
        this.#setTrouble(undefined)
        return
      } catch (error) {
        this.#head = undefined
        this.#setTrouble(error)
        await delay(backoff.nextMs(), undefined, { ref: false })
      }
    }
  }

  #grown(seq: number, record: string, at: string | null): void {
    this.#head = { seq, hash: hashOfRecord(record), at }
    this.#options.onHead(this.#head)
  }

  #setTrouble(error: unknown): void {
    const isInTrouble = error !== undefined
    if (isInTrouble !== this.#isInTrouble) this.#options.onTrouble(error)
    this.#isInTrouble = isInTrouble
  }

  /** Lost events are told in the trail. Told too often, they would fill the room that is left. */
  #reportLoss(): void {
    if (this.#dropped === 0 || this.#queue.length > 0) return
    if (performance.now() - this.#lossToldAtMs < LOSS_TOLD_EVERY_MS) return
    this.#lossToldAtMs = performance.now()
    const effect = `${this.#dropped} events are not in the trail`
    this.#dropped = 0
    this.note({ type: 'audit.lost', actor: 'system', outcome: 'done', effect })
  }

  #count(requestId: string): void {
    const counted = this.#byRequest.get(requestId)
    if (counted === undefined) this.#byRequest.set(requestId, { count: 1, done: Promise.withResolvers() })
    else counted.count += 1
  }

  #settle({ requestId, resolve }: Waiting): void {
    resolve()
    if (requestId === undefined) return
    const counted = this.#byRequest.get(requestId)
    if (counted === undefined) return
    counted.count -= 1
    if (counted.count > 0) return
    this.#byRequest.delete(requestId)
    counted.done.resolve()
  }
}
