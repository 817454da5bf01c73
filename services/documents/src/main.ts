/**
 * ③ The documents service as a process.
 */
import { runService } from '@curfew/service-kit'

import { composeDocuments } from './compose.ts'
import { readConfig } from './config.ts'

await runService('documents', (logger) => {
  const config = readConfig()
  logger.level = config.logLevel
  return composeDocuments(config, logger)
})
