/**
 * The life of a service's process: start, run, stop when told.
 * Promise: SIGTERM ends it with code 0 after what was under way; a failed start or a lost error ends it with code 1 and a reason.
 */
import closeWithGrace from 'close-with-grace'

import { ConfigError } from './config.ts'
import { outputOf } from './log-output.ts'
import { createLogger, type Logger } from './logger.ts'

export interface RunningService {
  /** Must finish within ten seconds; after that the process ends all the same. */
  close(): Promise<void>
}

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
      delay: CLOSE_TIMEOUT_MS,
      logger: false,
      onTimeout: (timeoutMs) => logger.fatal({ event: 'service.stop.timeout', timeoutMs }),
      onSecondSignal: (signal) => logger.warn({ event: 'service.stop.forced', signal }),
      onSecondError: (error) => logger.fatal({ event: 'service.stop.failed', err: error }),
    },
    async ({ signal, err }) => {
      if (err) logger.fatal({ event: 'service.failed', err })
      else logger.info({ event: 'service.stopping', ...(signal && { signal }) })
      try {
        await running?.close()
      } catch (error) {
        logger.fatal({ event: 'service.stop.failed', err: error })
        throw error
      }
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

/** Faults of the configuration are for the person who just typed the command: plain lines, no stack. */
function reportFailedStart(service: string, error: unknown, logger: Logger): void {
  if (error instanceof ConfigError)
    outputOf(2).write(`${service} cannot start:\n${error.faults.map((fault) => `  ${fault}\n`).join('')}`)
  else logger.fatal({ event: 'service.start.failed', err: error })
}
