/**
 * ④ ⑤ NATS and Redis that somebody else runs.
 * Promise: used as they are: nothing here starts, stops or configures them.
 */
import type { Environment } from './config.ts'
import { NoServers, type ServerHandle, type Servers } from './servers.ts'

/** Undefined when neither variable is set. @throws NoServers when only one is, or one is not a URL */
export function externalServers(env: Environment): Servers | undefined {
  const nats = env['CURFEW_NATS_URL']
  const redis = env['CURFEW_REDIS_URL']
  if (nats === undefined && redis === undefined) return undefined
  if (nats === undefined || redis === undefined)
    throw new NoServers('Set both CURFEW_NATS_URL and CURFEW_REDIS_URL, or neither')
  return {
    kind: 'external',
    nats: externalHandle('CURFEW_NATS_URL', nats, 4222),
    redis: externalHandle('CURFEW_REDIS_URL', redis, 6379),
    // Their users are not ours to choose: everybody connects as the URL says.
    natsUrl: () => nats,
    redisUrl: () => redis,
    stop: async () => {},
  }
}

function externalHandle(variable: string, url: string, defaultPort: number): ServerHandle {
  // NATS takes a list of servers; the first one gives the port.
  const first = url.split(',')[0] ?? ''
  if (!URL.canParse(first)) throw new NoServers(`${variable} is not a URL`)
  const refuse = async (): Promise<never> => {
    throw new Error(`the server of ${variable} is not run from here`)
  }
  const { port } = new URL(first)
  return { pid: undefined, port: port === '' ? defaultPort : Number(port), kill: refuse, restart: refuse }
}
