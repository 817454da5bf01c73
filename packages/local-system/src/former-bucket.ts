/**
 * ① Changed passwords of a data directory from before the gateway had an account of NATS of its own.
 * Promise: they are where the gateway looks for them before any service starts: otherwise old passwords would be good again.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { REPOSITORY } from './config.ts'
import { runProgram } from './programs.ts'
import type { Progress, Servers } from './servers.ts'

const FORMER_PLACE = 'nats/jetstream/CURFEW/streams/KV_curfew_accounts'
const COMMAND = join(REPOSITORY, 'services/gateway/src/move-passwords.ts')
const TIMEOUT_MS = 120_000

/** Does nothing where there are none, or where somebody else runs the servers. */
export async function moveFormerPasswords(
  servers: Servers,
  directory: string,
  onProgress?: Progress,
): Promise<void> {
  if (servers.kind === 'external' || !existsSync(join(directory, FORMER_PLACE))) return
  const env = {
    CURFEW_NATS_URL: servers.natsUrl('gateway'),
    CURFEW_NATS_ADMIN_URL: servers.natsUrl('admin'),
  }
  onProgress?.((await runProgram(process.execPath, [COMMAND], { env, timeoutMs: TIMEOUT_MS })).trim())
}
