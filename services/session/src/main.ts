/**
 * ④ The session authority as a process.
 * Promise: it serves when everything it stands on is there, and ends in order when told to.
 */
import { runService } from '@curfew/service-kit'

import { compose } from './compose.ts'
import { readConfig } from './config.ts'

await runService('session', async (logger) => {
  const config = readConfig()
  logger.level = config.SESSION_LOG_LEVEL
  const service = await compose(config, logger)
  const delayMs = config.CURFEW_DRAIN_DELAY_SECONDS * 1_000
  return { close: () => service.close(), drain: { leave: () => service.app.leave(), delayMs } }
})
