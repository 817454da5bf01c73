/**
 * ⑤ The revocation log as this replica writes and follows it, feeding the view.
 * Promise: while `isFollowing`, the view has everything that the log had a moment ago; after doubt it starts from what Redis
 * holds; a log that is not what it was is never believed again by this process.
 */
import { ORIGIN, parsePosition, type LogEntry, type MemberId, type Position } from '@curfew/contracts'
import {
  openLog,
  type Confirmation,
  type Coordinator,
  type ProtocolServer,
  type RevocationLog,
  systemClock,
} from '@curfew/revocation-log'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

import type { WideFact } from '../domain/facts.ts'
import type { LogView } from '../domain/log-view.ts'
import { Unavailable } from '../errors.ts'
import { isoTime } from '../iso-time.ts'
import type { Clock, Confirming, FactLog, Publication, Reports } from '../ports.ts'
import { announceLeaseLength, protocolServer } from './join-protocol.ts'
import { isMissing, isRolledBack, missingLog } from './log-errors.ts'
import { restoredFacts } from './restored-facts.ts'
import { within } from './within.ts'

export interface NatsFactLogOptions {
  readonly nc: NatsConnection
  /** Random for each process, never reused. */
  readonly replica: MemberId
  readonly view: LogView
  readonly coordinator: Coordinator
  readonly loadProjection: () => Promise<{ readonly projected: Position; readonly wide: readonly WideFact[] }>
  readonly onEntry: (entry: LogEntry, position: Position) => void
  readonly clock: Clock
  readonly reports: Reports
  readonly logger: Logger
}

const RETRY_MS = 500
const CATCH_UP_WITHIN_MS = 3_000
const REACHED_WITHIN_MS = 1_000

export class NatsFactLog implements FactLog {
  readonly #options: NatsFactLogOptions
  readonly #closing = new AbortController()
  #log: RevocationLog | undefined
  #restarting: Promise<void> | undefined
  #epoch: number | undefined
  #said = 0
  #protocol: ProtocolServer | undefined
  #doubt: string | undefined
  #isFrozen = false
  #isReaching = false

  constructor(options: NatsFactLogOptions) {
    this.#options = options
  }

  get epoch(): number {
    if (this.#epoch === undefined) throw new Unavailable('log-not-followed')
    return this.#epoch
  }

  get replica(): MemberId {
    return this.#options.coordinator.replica
  }

  get isFollowing(): boolean {
    return !this.isFrozen && this.#log?.reader.healthy === true
  }

  get isFrozen(): boolean {
    this.#isFrozen ||= this.#log?.reader.frozen === true
    return this.#isFrozen
  }

  /** For people: why the log is not followed. */
  get trouble(): string | undefined {
    if (this.isFollowing) return undefined
    if (this.isFrozen) return `frozen until an operator acts: ${this.#doubt ?? 'the log is not what it was'}`
    return this.#doubt === undefined ? 'not followed' : `not followed: ${this.#doubt}`
  }

  /** The first start: creates the log where neither NATS nor Redis has ever heard of one. */
  async open(): Promise<void> {
    const projected = await this.#resetView()
    try {
      this.#log = await this.#openAfter(projected, projected === ORIGIN)
    } catch (error) {
      throw isMissing(error) ? new Error(missingLog(projected), { cause: error }) : error
    }
    this.#epoch = this.#log.epoch
  }

  /** Takes part in the protocol: once the log has been followed to its end for the first time. */
  async join(leaseMs: number): Promise<void> {
    const { nc, coordinator, view, logger } = this.#options
    const head = () => this.#head('config')
    const joining = { nc, coordinator, view, logger, epoch: this.epoch, log: this, leaseMs, head }
    await announceLeaseLength(joining)
    this.#protocol = protocolServer(joining)
    await this.#protocol.start(this.#log?.reader.applied ?? ORIGIN)
  }

  /** An entry has taken effect in the view. */
  noteEntry(entry: LogEntry, position: Position): void {
    if (this.#protocol === undefined) this.#options.coordinator.entryApplied(entry, position, systemClock())
    else this.#protocol.entryApplied(entry, position)
  }

  get mayAnswer(): boolean {
    return this.isFollowing && this.#protocol?.mayAnswer === true
  }

  async confirm(
    position: Position,
    { withinMs, isRepeat = false }: Confirming = {},
  ): Promise<Confirmation | undefined> {
    const protocol = this.#protocol
    if (protocol === undefined) throw new Unavailable('log-not-followed')
    // What is in an earlier log is confirmed by whatever is confirmed in this one.
    const isElsewhere = isRepeat || parsePosition(position)?.epoch !== this.#epoch
    const startedAtMs = performance.now()
    const confirming = isElsewhere ? protocol.confirmAnew(position) : protocol.confirm(position)
    const confirmation = await within(withinMs, confirming)
    const by = confirmation?.confirmedBy ?? 'none'
    this.#options.reports.confirmationSettled({ by, durationMs: performance.now() - startedAtMs })
    return confirmation
  }

  isConfirmed(position: Position): boolean {
    const isOfThisLog = parsePosition(position)?.epoch === this.#epoch
    return isOfThisLog && this.#protocol?.isConfirmed(position) === true
  }

  async publish(entry: LogEntry, expectLast?: Position): Promise<Publication> {
    const log = this.#log
    if (log === undefined) throw new Unavailable('log-not-followed')
    return log.writer.publish(entry, expectLast === undefined ? {} : { expectLast })
  }

  async waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    return (await this.#log?.reader.waitFor(position, timeoutMs)) ?? false
  }

  async catchUp(): Promise<boolean> {
    const { replica } = this
    const barrier = await this.publish({ ...this.#head('barrier'), type: 'barrier', replica })
    return barrier.kind === 'stored' && this.waitFor(barrier.position, CATCH_UP_WITHIN_MS)
  }

  /** Somebody has read the log up to there: it must go as far, or it has lost its end while this replica was away. */
  async mustReach(position: Position): Promise<void> {
    if (this.#isReaching) return
    this.#isReaching = true
    try {
      if (await this.waitFor(position, REACHED_WITHIN_MS)) return
      // Whether it does, only a barrier proves.
      if (!(await this.catchUp()) || this.#options.view.applied >= position) return
      this.#freeze(`rolled back: Redis was told ${position}, which the log does not reach`)
    } catch (err) {
      this.#options.logger.warn({ event: 'log.reach.failed', position, err })
    } finally {
      this.#isReaching = false
    }
  }

  startAgain(reason: string): void {
    if (this.#closing.signal.aborted || this.#restarting !== undefined || this.isFrozen) return
    this.#options.reports.viewStartedAgain(reason)
    this.#restarting = this.#restart().finally(() => {
      this.#restarting = undefined
    })
  }

  async close(): Promise<void> {
    await this.#protocol?.close()
    this.#closing.abort()
    await this.#restarting
    await this.#log?.reader.close()
  }

  async #restart(): Promise<void> {
    const old = this.#log
    // From here on nothing is answered from the view.
    this.#log = undefined
    await old?.reader.close()
    while (!this.#closing.signal.aborted && !this.#isFrozen) {
      try {
        this.#log = await this.#openAfter(await this.#resetView(), false)
        return
      } catch (err) {
        this.#options.logger.warn({ event: 'log.restart.failed', err })
        // It may grow past what was seen of it, and would look well again.
        if (isRolledBack(err)) this.#freeze(err.message)
        else await this.#pause()
      }
    }
  }

  #freeze(reason: string): void {
    this.#isFrozen = true
    this.#noteDoubt(reason)
  }

  #noteDoubt(reason: string): void {
    this.#doubt = reason
    this.#options.reports.logInDoubt(reason)
  }

  async #resetView(): Promise<Position> {
    const { view, coordinator, clock, loadProjection } = this.#options
    const { projected, wide } = await loadProjection()
    view.reset(projected, wide)
    coordinator.restore(restoredFacts(view.wide, clock.nowMs()), systemClock())
    return projected
  }

  async #openAfter(startAfter: Position, create: boolean): Promise<RevocationLog> {
    const { nc, replica, logger, onEntry } = this.#options
    return openLog({
      nc,
      // Not the member's own name: a reader that only tries to catch up must not look like a replica that renews its lease.
      replica: `${replica}-reader` as MemberId,
      // A process stays with one log for as long as it lives.
      ...(this.#epoch !== undefined && { epoch: this.#epoch }),
      create,
      logger,
      startAfter,
      onEntry,
      onApplied: (applied) => this.#protocol?.reached(applied),
      onDoubt: (reason) => this.#noteDoubt(reason),
    })
  }

  #head(kind: string) {
    const id = `${kind}-${this.#options.replica}-${++this.#said}`
    return { v: 1, id, at: isoTime(this.#options.clock.nowMs()), actor: 'system' } as const
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, RETRY_MS)
    this.#closing.signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    clearTimeout(timer)
  }
}
