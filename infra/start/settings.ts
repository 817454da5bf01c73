/**
 * What the environment says about this run.
 */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { planPorts, type PortPlan } from '@curfew/local-system'

export interface Settings {
  /** Everything that is kept: `.data/` of the checkout, or CURFEW_DATA_DIR. */
  readonly directory: string
  readonly ports: PortPlan
  readonly areServersExternal: boolean
}

const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** @throws PortFaults */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    directory: resolve(checkout, env['CURFEW_DATA_DIR'] ?? '.data'),
    ports: planPorts(env),
    areServersExternal: env['CURFEW_NATS_URL'] !== undefined || env['CURFEW_REDIS_URL'] !== undefined,
  }
}
