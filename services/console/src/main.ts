/**
 * The process of the console: settings, composition, listening, stopping.
 */
import { runService } from '@curfew/service-kit'

import { composeConsole } from './compose.ts'
import { readConfig } from './config.ts'

await runService('console', async (logger) => {
  const config = readConfig()
  logger.level = config.logLevel
  const running = await composeConsole(config, logger)
  try {
    await running.app.listen(config.listen)
  } catch (error) {
    await running.close()
    throw error
  }
  return {
    close: () => running.close(),
    drain: { leave: () => running.app.leave(), delayMs: config.drainDelayMs },
  }
})
