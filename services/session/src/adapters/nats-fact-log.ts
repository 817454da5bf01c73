/**
 * ⑤ The revocation log as this replica writes and follows it, feeding the view.
 * Promise: while `isFollowing`, the view has everything that the log had a moment ago; after doubt it starts from what Redis holds.
 */
import { ORIGIN, type LogEntry, type Position } from '@curfew/contracts'
import { openLog, type RevocationLog } from '@curfew/revocation-log'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

import type { WideFact } from '../domain/facts.ts'
import type { LogView } from '../domain/log-view.ts'
import { Unavailable } from '../errors.ts'
import { isoTime } from '../iso-time.ts'
import type { Clock, FactLog, Publication, Reports } from '../ports.ts'

export interface NatsFactLogOptions {
  readonly nc: NatsConnection
  /** Random for each process, never reused. */
  readonly replica: string
  readonly view: LogView
  readonly loadProjection: () => Promise<{ readonly projected: Position; readonly wide: readonly WideFact[] }>
  readonly onEntry: (entry: LogEntry, position: Position) => void
  readonly clock: Clock
  readonly reports: Reports
  readonly logger: Logger
}

const RETRY_MS = 500
const CATCH_UP_WITHIN_MS = 3_000

export class NatsFactLog implements FactLog {
  readonly #options: NatsFactLogOptions
  readonly #closing = new AbortController()
  #log: RevocationLog | undefined
  #restarting: Promise<void> | undefined
  #epoch = 0
  #barriers = 0

  constructor(options: NatsFactLogOptions) {
    this.#options = options
  }

  get epoch(): number {
    return this.#epoch
  }

  get isFollowing(): boolean {
    return this.#log?.reader.healthy === true
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

  async publish(entry: LogEntry, expectLast?: Position): Promise<Publication> {
    const log = this.#log
    if (log === undefined) throw new Unavailable('log-not-followed')
    return log.writer.publish(entry, expectLast === undefined ? {} : { expectLast })
  }

  async waitFor(position: Position, timeoutMs: number): Promise<boolean> {
    return (await this.#log?.reader.waitFor(position, timeoutMs)) ?? false
  }

  async catchUp(): Promise<boolean> {
    const { replica, clock } = this.#options
    const barrier = await this.publish({
      v: 1,
      id: `barrier-${replica}-${++this.#barriers}`,
      type: 'barrier',
      at: isoTime(clock.nowMs()),
      actor: 'system',
      replica,
    })
    return barrier.kind === 'stored' && this.waitFor(barrier.position, CATCH_UP_WITHIN_MS)
  }

  startAgain(reason: string): void {
    if (this.#closing.signal.aborted || this.#restarting !== undefined) return
    this.#options.reports.viewStartedAgain(reason)
    this.#restarting = this.#restart().finally(() => {
      this.#restarting = undefined
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#restarting
    await this.#log?.reader.close()
  }

  async #restart(): Promise<void> {
    const old = this.#log
    // From here on nothing is answered from the view.
    this.#log = undefined
    await old?.reader.close()
    while (!this.#closing.signal.aborted) {
      try {
        this.#log = await this.#openAfter(await this.#resetView(), false)
        return
      } catch (err) {
        this.#options.logger.warn({ event: 'log.restart.failed', err })
        await this.#pause()
      }
    }
  }

  async #resetView(): Promise<Position> {
    const { view, loadProjection } = this.#options
    const { projected, wide } = await loadProjection()
    view.reset(projected, wide)
    return projected
  }

  async #openAfter(startAfter: Position, create: boolean): Promise<RevocationLog> {
    const { nc, replica, logger, reports, onEntry } = this.#options
    const onDoubt = (reason: string): void => reports.logInDoubt(reason)
    return openLog({ nc, create, logger, replica, startAfter, onEntry, onDoubt })
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, RETRY_MS)
    this.#closing.signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    clearTimeout(timer)
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'LOG_MISSING'
}

function missingLog(projected: Position): string {
  return (
    `Redis knows the revocation log up to ${projected}, but NATS has no stream of it. ` +
    'Restore the data of JetStream; or, to begin anew without sessions and grants, remove the keys curfew:* from Redis.'
  )
}
