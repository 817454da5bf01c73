/**
 * ⑤ Makes a log that is not what it was say so itself, to whoever has not seen what it lost (ARCHITECTURE.md, "A log that
 * goes back in time").
 * Promise: said until it is stored, and again for as long as this process lives, since the log may lose that as well; never
 * said to another log that has the name of this one.
 */
import { type LogEntryOf, entryHead } from '@curfew/contracts'
import { orAborted, pause } from '@curfew/protocol'

import type { LogLogger } from './log-logger.ts'
import type { NatsLog } from './nats-log.ts'

const ATTEMPT_MS = 2_000
const RETRY_MS = 500
/** Under an id that the server knows nothing is stored by it. */
const AGAIN_MS = 5_000
const REASON_LENGTH_MAX = 500

export interface Closed {
  readonly logId: string
  /** For people. */
  readonly reason: string
}

/** One fact, under one id, however many say it. */
export function closedEntry({ logId, reason }: Closed): LogEntryOf<'closed'> {
  return {
    ...entryHead(`closed-${logId}`, Date.now()),
    type: 'closed',
    reason: reason.slice(0, REASON_LENGTH_MAX),
  }
}

export class LogClosing {
  readonly #ended = new AbortController()
  readonly #stored = new AbortController()
  #saying: Promise<void> | undefined

  /** Once: a log is closed for the first reason that is found. */
  begin(log: NatsLog, closed: Closed & { readonly logger: LogLogger }): void {
    this.#saying ??= this.#keepSaying(log, closed)
  }

  /** Who has something to say and has not been heard yet gets this long. */
  async end(withinMs: number): Promise<void> {
    if (this.#saying !== undefined) await pause(withinMs, this.#stored.signal)
    this.#ended.abort()
    await this.#saying
  }

  async #keepSaying(log: NatsLog, closed: Closed & { readonly logger: LogLogger }): Promise<void> {
    const { logId, reason, logger } = closed
    const entry = closedEntry(closed)
    const { signal } = this.#ended
    while (!signal.aborted) {
      const isStored = await this.#say(log, entry, logId)
      if (isStored && !this.#stored.signal.aborted) {
        this.#stored.abort()
        logger.error({ event: 'log.closed', epoch: log.epoch, reason })
      }
      await pause(isStored ? AGAIN_MS : RETRY_MS, signal)
    }
  }

  async #say(log: NatsLog, entry: LogEntryOf<'closed'>, logId: string): Promise<boolean> {
    try {
      if ((await orAborted(log.logId(), this.#ended.signal)) !== logId) return false
    } catch {
      // No server answers: said again soon.
      return false
    }
    const attempt = await log.attempt(entry, { timeoutMs: ATTEMPT_MS, lost: this.#ended.signal })
    return attempt.kind === 'acknowledged'
  }
}
