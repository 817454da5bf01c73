/**
 * ⑦ The file service as a process.
 */
import { runService } from '@curfew/service-kit'

import { composeFiles } from './compose.ts'
import { readConfig } from './config.ts'

await runService('files', (logger) => {
  const config = readConfig()
  logger.level = config.logLevel
  return composeFiles(config, logger)
})
