/**
 * The logs of a run that broke a promise, kept when everything else of it is removed.
 */
import { cpSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { World } from './world.ts'

/** Those of the latest failure. @returns where they are */
export function keepLogs({ system }: World): string {
  const kept = fileURLToPath(new URL('../../.cache/faults', import.meta.url))
  rmSync(kept, { recursive: true, force: true })
  cpSync(dirname(system.logFile('session')), kept, { recursive: true })
  return kept
}
