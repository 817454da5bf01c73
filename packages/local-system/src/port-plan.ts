/**
 * The ports of a whole system on one machine: which, set by whom, and whether they can be had.
 * Promise: every fault is found before anything starts, and each message names the port, who wants it and the variable to set.
 */
import type { Environment } from './config.ts'
import { DEFAULT_PORTS, SERVICE_NAMES, type ServiceName, type ServicePorts } from './service-settings.ts'
import { isPortFree } from './tcp-ports.ts'

export interface PortPlan extends Readonly<Record<ServiceName, ServicePorts>> {
  readonly nats: number
  readonly redis: number
}

/** Away from the usual 4222 and 6379, where servers of other projects listen. */
const SERVER_PORTS = { nats: 4322, redis: 6479 } as const
const NATS_VARIABLE = 'CURFEW_NATS_PORT'
const REDIS_VARIABLE = 'CURFEW_REDIS_PORT'

const publicVariable = (service: ServiceName): string => `${service.toUpperCase()}_PORT`
const operationsVariable = (service: ServiceName): string => `${service.toUpperCase()}_OPERATIONS_PORT`

/** Everything that is wrong with the ports, one line each. */
export class PortFaults extends Error {
  override readonly name = 'PortFaults'
  readonly code = 'PORT_FAULTS'
}

/** The defaults, or what the environment says instead. @throws PortFaults when a value is no port or two are the same */
export function planPorts(env: Environment): PortPlan {
  const faults: string[] = []
  const chosen = new Map<number, string>()
  const portOf = (variable: string, usual: number): number => {
    const text = env[variable] ?? String(usual)
    const port = Number(text)
    if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
      faults.push(`${variable}=${text} is not a port (1 to 65535)`)
      return usual
    }
    const other = chosen.get(port)
    if (other !== undefined) faults.push(`${other} and ${variable} are both ${port}: set one of them`)
    chosen.set(port, variable)
    return port
  }
  const portsOf = (service: ServiceName): ServicePorts => ({
    public: portOf(publicVariable(service), DEFAULT_PORTS[service].public),
    operations: portOf(operationsVariable(service), DEFAULT_PORTS[service].operations),
  })
  const plan = {
    gateway: portsOf('gateway'),
    session: portsOf('session'),
    documents: portsOf('documents'),
    files: portsOf('files'),
    console: portsOf('console'),
    nats: portOf(NATS_VARIABLE, SERVER_PORTS.nats),
    redis: portOf(REDIS_VARIABLE, SERVER_PORTS.redis),
  }
  if (faults.length > 0) throw new PortFaults(faults.join('\n'))
  return plan
}

interface Need {
  readonly user: ServiceName | 'nats' | 'redis'
  readonly variable: string
  readonly port: number
}

/** @throws PortFaults that names every port in use; `areServersExternal`: the ports of NATS and Redis are not needed */
export async function checkPorts(plan: PortPlan, areServersExternal: boolean): Promise<void> {
  const needs = SERVICE_NAMES.flatMap((user): Need[] => [
    { user, variable: publicVariable(user), port: plan[user].public },
    { user, variable: operationsVariable(user), port: plan[user].operations },
  ])
  if (!areServersExternal)
    needs.push(
      { user: 'nats', variable: NATS_VARIABLE, port: plan.nats },
      { user: 'redis', variable: REDIS_VARIABLE, port: plan.redis },
    )
  const isFree = await Promise.all(needs.map(({ port }) => isPortFree(port)))
  const faults = needs
    .filter((_, index) => isFree[index] === false)
    .map(
      ({ user, variable, port }) =>
        `port ${port}, which ${user} needs, is taken: stop what uses it, or set ${variable}`,
    )
  if (faults.length > 0) throw new PortFaults(faults.join('\n'))
}
