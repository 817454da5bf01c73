import { createServer, type Server } from 'node:net'
import { once } from 'node:events'

import { afterEach, describe, expect, it } from 'vitest'

import { checkPorts, planPorts, type PortPlan } from './port-plan.ts'
import type { ServicePorts } from './service-settings.ts'
import { freePort } from './tcp-ports.ts'

const listening: Server[] = []
afterEach(() => {
  for (const server of listening.splice(0)) server.close()
})

async function occupy(port: number, host: string): Promise<void> {
  const server = createServer()
  server.listen(port, host)
  await once(server, 'listening')
  listening.push(server)
}

async function freePorts(): Promise<ServicePorts> {
  return { public: await freePort(), operations: await freePort() }
}

async function freePlan(): Promise<PortPlan> {
  return {
    gateway: await freePorts(),
    session: await freePorts(),
    documents: await freePorts(),
    files: await freePorts(),
    console: await freePorts(),
    nats: await freePort(),
    redis: await freePort(),
  }
}

describe('planPorts', () => {
  it('takes the documented ports unless told otherwise', () => {
    expect(planPorts({})).toEqual({
      gateway: { public: 8080, operations: 9080 },
      session: { public: 8081, operations: 9081 },
      documents: { public: 8082, operations: 9082 },
      files: { public: 8083, operations: 9083 },
      console: { public: 8084, operations: 9084 },
      nats: 4322,
      redis: 6479,
    })
    expect(
      planPorts({ GATEWAY_PORT: '9090', FILES_OPERATIONS_PORT: '9092', CURFEW_REDIS_PORT: '9091' }),
    ).toMatchObject({
      gateway: { public: 9090, operations: 9080 },
      files: { public: 8083, operations: 9092 },
      redis: 9091,
    })
  })

  it.each(['', '0', '65536', '-1', '80.5', '0x50', '1e3', 'http', ' 80'])('refuses %j as a port', (text) => {
    expect(() => planPorts({ GATEWAY_PORT: text })).toThrow(`GATEWAY_PORT=${text} is not a port`)
  })

  it('refuses one port for two, naming both variables', () => {
    expect(() => planPorts({ FILES_PORT: '8080', CONSOLE_OPERATIONS_PORT: '8084' })).toThrow(
      'GATEWAY_PORT and FILES_PORT are both 8080: set one of them\nCONSOLE_PORT and CONSOLE_OPERATIONS_PORT are both 8084: set one of them',
    )
  })

  it('reports all faults together', () => {
    expect(() => planPorts({ GATEWAY_PORT: 'x', SESSION_PORT: 'y' })).toThrow(
      /GATEWAY_PORT=x.*\n.*SESSION_PORT=y/,
    )
  })
})

describe('checkPorts', () => {
  it('finds nothing wrong with free ports, again and again', async () => {
    const ports = await freePlan()
    await expect(checkPorts(ports, false)).resolves.toBeUndefined()
    await expect(checkPorts(ports, false)).resolves.toBeUndefined()
  })

  it('names every taken port, who needs it and what to set', async () => {
    const ports = await freePlan()
    await occupy(ports.session.public, '127.0.0.1')
    await occupy(ports.files.operations, '127.0.0.1')
    await occupy(ports.redis, '0.0.0.0')
    await expect(checkPorts(ports, false)).rejects.toThrow(
      new RegExp(
        `port ${ports.session.public}, which session needs, is taken.*SESSION_PORT\n.*port ${ports.files.operations}, which files needs, is taken.*FILES_OPERATIONS_PORT\n.*port ${ports.redis}, which redis needs, is taken.*CURFEW_REDIS_PORT`,
      ),
    )
  })

  it('does not ask for the ports of servers that run elsewhere', async () => {
    const ports = await freePlan()
    await occupy(ports.nats, '127.0.0.1')
    await expect(checkPorts(ports, true)).resolves.toBeUndefined()
  })
})
