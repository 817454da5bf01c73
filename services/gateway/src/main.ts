/**
 * ① The process of the gateway: settings, composition, listening, stopping.
 */
import { runService } from '@curfew/service-kit'

import { composeGateway } from './compose.ts'
import { readConfig } from './config.ts'

await runService('gateway', async (logger) => {
  const config = await readConfig()
  logger.level = config.logLevel
  const gateway = await composeGateway(config, logger)
  try {
    await gateway.app.listen(config.listen)
  } catch (error) {
    await gateway.close()
    throw error
  }
  return {
    close: () => gateway.close(),
    drain: { leave: () => gateway.app.leave(), delayMs: config.drainDelayMs },
  }
})
