/**
 * What the environment says about this run.
 */
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { planPorts, type PortPlan, type ServiceName } from '@curfew/local-system'

export interface Settings {
  /** Everything that is kept: `.data/` of the checkout, or CURFEW_DATA_DIR. */
  readonly directory: string
  readonly ports: PortPlan
  readonly areServersExternal: boolean
  /** Settings of each service from the environment. They go before those that are made for the checkout. */
  readonly services: Readonly<Record<ServiceName, Readonly<Record<string, string>>>>
}

const checkout = fileURLToPath(new URL('../..', import.meta.url))

/** @throws PortFaults */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  return {
    directory: resolve(checkout, env['CURFEW_DATA_DIR'] ?? '.data'),
    ports: planPorts(env),
    areServersExternal: env['CURFEW_NATS_URL'] !== undefined || env['CURFEW_REDIS_URL'] !== undefined,
    services: {
      session: settingsOf('session', env),
      documents: settingsOf('documents', env),
      files: settingsOf('files', env),
      gateway: settingsOf('gateway', env),
      console: settingsOf('console', env),
    },
  }
}

/** Paths count from the checkout, in which `npm start` runs: a service has a folder of its own. */
function settingsOf(service: ServiceName, env: NodeJS.ProcessEnv): Record<string, string> {
  const prefix = `${service.toUpperCase()}_`
  const settings: Record<string, string> = {}
  for (const [name, value] of Object.entries(env))
    if (name.startsWith(prefix) && value !== undefined)
      settings[name] = IS_PATH.test(name) && value !== '' ? resolve(checkout, value) : value
  return settings
}

const IS_PATH = /_(?:FILE|DIRECTORY|ROOT)$/
