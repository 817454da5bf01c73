/**
 * The ports of a whole system on one machine: which, set by whom, and whether they can be had.
 * Promise: every fault is found before anything starts, and each message names the port, who wants it and the variable to set.
 */
import type { Environment } from './config.ts'
import { DEFAULT_PORTS, SERVICE_NAMES, type ServiceName } from './service-settings.ts'
import { isPortFree } from './tcp-ports.ts'

type PortUser = ServiceName | 'nats' | 'redis'
export type PortPlan = Readonly<Record<PortUser, number>>

/** Away from the usual 4222 and 6379, where servers of other projects listen. */
const SERVER_PORTS = { nats: 4322, redis: 6479 } as const

const PORT_VARIABLES: Readonly<Record<PortUser, string>> = {
  gateway: 'GATEWAY_PORT',
  session: 'SESSION_PORT',
  documents: 'DOCUMENTS_PORT',
  files: 'FILES_PORT',
  console: 'CONSOLE_PORT',
  nats: 'CURFEW_NATS_PORT',
  redis: 'CURFEW_REDIS_PORT',
}

const SERVER_PORT_USERS = ['nats', 'redis'] as const

/** Everything that is wrong with the ports, one line each. */
export class PortFaults extends Error {
  override readonly name = 'PortFaults'
  readonly code = 'PORT_FAULTS'
}

/** The defaults, or what the environment says instead. @throws PortFaults when a value is no port or two are the same */
export function planPorts(env: Environment): PortPlan {
  const faults: string[] = []
  const chosen = new Map<number, PortUser>()
  const portOf = (user: PortUser, usual: number): number => {
    const variable = PORT_VARIABLES[user]
    const text = env[variable] ?? String(usual)
    const port = Number(text)
    if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
      faults.push(`${variable}=${text} is not a port (1 to 65535)`)
      return usual
    }
    const other = chosen.get(port)
    if (other !== undefined)
      faults.push(
        `${other} and ${user} would share port ${port}: set ${PORT_VARIABLES[other]} or ${variable}`,
      )
    chosen.set(port, user)
    return port
  }
  const plan = {
    gateway: portOf('gateway', DEFAULT_PORTS.gateway),
    session: portOf('session', DEFAULT_PORTS.session),
    documents: portOf('documents', DEFAULT_PORTS.documents),
    files: portOf('files', DEFAULT_PORTS.files),
    console: portOf('console', DEFAULT_PORTS.console),
    nats: portOf('nats', SERVER_PORTS.nats),
    redis: portOf('redis', SERVER_PORTS.redis),
  }
  if (faults.length > 0) throw new PortFaults(faults.join('\n'))
  return plan
}

/** @throws PortFaults that names every port in use; `areServersExternal`: the ports of NATS and Redis are not needed */
export async function checkPorts(plan: PortPlan, areServersExternal: boolean): Promise<void> {
  const users: PortUser[] = [...SERVICE_NAMES, ...(areServersExternal ? [] : SERVER_PORT_USERS)]
  const isFree = await Promise.all(users.map((user) => isPortFree(plan[user])))
  const faults = users
    .filter((_, index) => isFree[index] === false)
    .map(
      (user) =>
        `port ${plan[user]}, which ${user} needs, is taken: stop what uses it, or set ${PORT_VARIABLES[user]}`,
    )
  if (faults.length > 0) throw new PortFaults(faults.join('\n'))
}
