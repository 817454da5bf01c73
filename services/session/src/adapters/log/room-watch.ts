/**
 * ④ ⑤ Looks every second how much room the log has left, for as long as the process lives.
 * Promise: each change of what is refused is told once; while NATS does not answer, what was last seen counts.
 */
import { measureRoom, type LogRoom, type RoomState } from '@curfew/revocation-log'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

import type { Reports } from '../../domain/audit/reports.ts'

export interface RoomWatchOptions {
  readonly nc: NatsConnection
  readonly log: { readonly epoch: number; readonly room: LogRoom }
  readonly reports: Pick<Reports, 'logRoomChanged'>
  readonly logger: Logger
}

/** At the pace at which a log can fill, from one mark to the next takes longer. */
const EVERY_MS = 1_000
const REQUEST_TIMEOUT_MS = 2_000

export class RoomWatch {
  readonly #options: RoomWatchOptions
  readonly #timer: NodeJS.Timeout
  #told: RoomState = 'unknown'
  #isLooking = false

  constructor(options: RoomWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.look(), EVERY_MS)
    this.#timer.unref()
  }

  async look(): Promise<void> {
    const { nc, log, logger } = this.#options
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      const manager = await jetstreamManager(nc, { checkAPI: false, timeout: REQUEST_TIMEOUT_MS })
      log.room.read(await measureRoom(manager, log.epoch))
    } catch (err) {
      logger.debug({ event: 'log.room.unseen', err })
    } finally {
      this.#isLooking = false
    }
    this.#tell()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #tell(): void {
    const { log, reports } = this.#options
    const { state, reading } = log.room
    if (state === this.#told) return
    this.#told = state
    reports.logRoomChanged({ state, bytes: reading?.bytes, maxBytes: reading?.maxBytes })
  }
}
