/**
 * The surroundings: where this checkout is and what the environment says. The only reader of process.env here.
 */
import { fileURLToPath } from 'node:url'

export type Environment = Readonly<Record<string, string | undefined>>

export const REPOSITORY: string = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

export function currentEnvironment(): Environment {
  return process.env
}

const OUR_PREFIXES = ['CURFEW_', 'SESSION_', 'GATEWAY_', 'DOCUMENTS_', 'FILES_', 'CONSOLE_']

/**
 * What a child may see of this process's environment: everything but the settings of Curfew. Of those it gets the ones
 * that begin with `ownPrefix`, so that `SESSION_LOG_LEVEL=debug npm start` works and nothing leaks into another service.
 */
export function inheritedEnvironment(env: Environment, ownPrefix?: string): Record<string, string> {
  const inherited: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue
    const isOurs = OUR_PREFIXES.some((prefix) => name.startsWith(prefix))
    if (!isOurs || (ownPrefix !== undefined && name.startsWith(ownPrefix))) inherited[name] = value
  }
  return inherited
}
