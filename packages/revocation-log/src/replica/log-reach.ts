/**
 * ④ ⑤ Holds the log against what Redis was told of it.
 * Promise: a log that ends before that is disowned, once a barrier has proven it, and if that Redis is the log's own.
 */
import type { Position } from '@curfew/contracts'

import type { LogLogger } from '../stream/log-logger.ts'
import type { RevocationLog } from '../stream/log.ts'
import type { StoredState } from './ports.ts'

export interface LogReachOptions {
  readonly log: () => RevocationLog | undefined
  /** Reads as far as the log goes now; false when that cannot be proven. */
  readonly catchUp: () => Promise<boolean>
  readonly stored: Pick<StoredState, 'enter'>
  readonly startAgain: (reason: string) => void
  readonly logger: LogLogger
}

const REACHED_WITHIN_MS = 1_000

export class LogReach {
  readonly #options: LogReachOptions
  #isLooking = false

  constructor(options: LogReachOptions) {
    this.#options = options
  }

  /** Somebody has read the log up to there: it must go as far, or it has lost its end while this replica was away. */
  async mustReach(position: Position): Promise<void> {
    const log = this.#options.log()
    if (log === undefined || log.reader.frozen || this.#isLooking) return
    this.#isLooking = true
    try {
      await this.#look(log, position)
    } catch (err) {
      this.#options.logger.warn({ event: 'log.reach.failed', position, err })
    } finally {
      this.#isLooking = false
    }
  }

  async #look(log: RevocationLog, position: Position): Promise<void> {
    const { catchUp, stored, startAgain } = this.#options
    if (await log.reader.waitFor(position, REACHED_WITHIN_MS)) return
    // Whether it does, only a barrier proves.
    if (!(await catchUp()) || log.reader.applied >= position) return
    // Started again meanwhile: the barrier has come back to another reader, and this one stands where it was closed.
    if (log !== this.#options.log()) return
    const { epoch, logId } = log
    const known = await stored.enter({ epoch, logId })
    if (known.epoch === epoch && known.logId === logId)
      log.disown(`Redis was told ${position}, which the log does not reach`)
    else startAgain('redis-of-another-log')
  }
}
