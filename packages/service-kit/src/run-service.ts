/**
 * The life of a service's process: start, run, stop when told.
 * Promise: SIGTERM ends it with code 0 after what was under way; a failed start or a lost error ends it with code 1 and a reason.
 */
import { setTimeout as delay } from 'node:timers/promises'

import closeWithGrace from 'close-with-grace'
import { Type, type TInteger } from 'typebox'

import { ConfigError } from './config.ts'
import { outputOf } from './log-output.ts'
import { createLogger, type Logger } from './logger.ts'

export interface RunningService {
  /** Says at `/readyz` that the service is about to stop, for so long before `close` is called. */
  readonly drain?: { leave(): void; readonly delayMs: number }
  /** Must finish within ten seconds; after that the process ends all the same. */
  close(): Promise<void>
}

/** Of `CURFEW_DRAIN_DELAY_SECONDS`, which all services have. */
export const DrainDelaySeconds: TInteger = Type.Integer({
  minimum: 0,
  maximum: 60,
  description:
    'How long a service that is told to stop still takes requests, after /readyz has said no: as long as balancers need to notice',
  default: 5,
})

const CLOSE_TIMEOUT_MS = 10_000

/** Starts with log level `info`; `start` sets `logger.level` when it knows better. Never rejects. */
export async function runService(
  service: string,
  start: (logger: Logger) => Promise<RunningService>,
): Promise<void> {
  const logger = createLogger({ service, level: 'info' })
  let running: RunningService | undefined

  closeWithGrace(
    {
      // Closing has a limit of its own, which begins after the delay.
      delay: false,
      logger: false,
      onSecondSignal: (signal) => logger.warn({ event: 'service.stop.forced', signal }),
      onSecondError: (error) => logger.fatal({ event: 'service.stop.failed', err: error }),
    },
    async ({ signal, err }) => {
      if (err) logger.fatal({ event: 'service.failed', err })
      else {
        logger.info({ event: 'service.stopping', ...(signal && { signal }) })
        await drain(running)
      }
      await closeInTime(running, logger)
      logger.info({ event: 'service.stopped' })
    },
  )

  try {
    running = await start(logger)
    logger.info({ event: 'service.started' })
  } catch (error) {
    reportFailedStart(service, error, logger)
    process.exit(1)
  }
}

async function drain(running: RunningService | undefined): Promise<void> {
  if (running?.drain === undefined) return
  running.drain.leave()
  await delay(running.drain.delayMs)
}

async function closeInTime(running: RunningService | undefined, logger: Logger): Promise<void> {
  const timer = setTimeout(() => {
    logger.fatal({ event: 'service.stop.timeout', timeoutMs: CLOSE_TIMEOUT_MS })
    process.exit(1)
  }, CLOSE_TIMEOUT_MS)
  try {
    await running?.close()
  } catch (error) {
    logger.fatal({ event: 'service.stop.failed', err: error })
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** Faults of the configuration are for the person who just typed the command: plain lines, no stack. */
function reportFailedStart(service: string, error: unknown, logger: Logger): void {
  if (error instanceof ConfigError)
    outputOf(2).write(`${service} cannot start:\n${error.faults.map((fault) => `  ${fault}\n`).join('')}`)
  else logger.fatal({ event: 'service.start.failed', err: error })
}
