/**
 * ⑥ `node services/documents/src/claim-keys.ts`: shows and changes the keys that claims are signed with, with the settings of
 * the service (docs/operations.md).
 */
import { parseArgs } from 'node:util'

import type { KeyDirectory } from '@curfew/one-time-claims'
import { createLogger, outputOf } from '@curfew/service-kit'

import { openClaimKeys } from './adapters/claim-keys.ts'
import { readConfig } from './config.ts'

const USAGE = 'usage: claim-keys.ts list | rotate | withdraw KEY-ID\n'
const EXIT = { done: 0, failed: 1, wrongUsage: 2, unknownKey: 4 } as const

process.exitCode = await run().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  return EXIT.failed
})

async function run(): Promise<number> {
  const [command = '', keyId, ...rest] = parseArgs({ allowPositionals: true }).positionals
  const isKnown = command === 'withdraw' ? keyId !== undefined : keyId === undefined
  if (!['list', 'rotate', 'withdraw'].includes(command) || !isKnown || rest.length > 0) {
    process.stderr.write(USAGE)
    return EXIT.wrongUsage
  }
  const config = readConfig()
  // Standard output is for the answer alone.
  const logger = createLogger({ service: 'documents', level: config.logLevel }, outputOf(2))
  using keys = await openClaimKeys(config, logger)
  if (command === 'rotate') await keys.rotate()
  if (keyId !== undefined && !(await keys.withdraw(keyId))) {
    process.stderr.write(`there is no key ${keyId}\n`)
    return EXIT.unknownKey
  }
  show(keys)
  return EXIT.done
}

function show(keys: KeyDirectory): void {
  const inForce = keys.inForce(Date.now()).keyId
  for (const { keyId, signsFrom } of keys.keys)
    process.stdout.write(
      `${keyId}  from ${signsFrom.toISOString()}${keyId === inForce ? '  signs now' : ''}\n`,
    )
}
