import { createServer, type Server } from 'node:net'
import { once } from 'node:events'

import { afterEach, describe, expect, it } from 'vitest'

import { checkPorts, planPorts, type PortPlan } from './port-plan.ts'
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

async function freePlan(): Promise<PortPlan> {
  return {
    gateway: await freePort(),
    session: await freePort(),
    documents: await freePort(),
    files: await freePort(),
    console: await freePort(),
    nats: await freePort(),
    redis: await freePort(),
  }
}

describe('planPorts', () => {
  it('takes the documented ports unless told otherwise', () => {
    expect(planPorts({})).toEqual({
      gateway: 8080,
      session: 8081,
      documents: 8082,
      files: 8083,
      console: 8084,
      nats: 4322,
      redis: 6479,
    })
    expect(planPorts({ GATEWAY_PORT: '9090', CURFEW_REDIS_PORT: '9091' })).toMatchObject({
      gateway: 9090,
      redis: 9091,
    })
  })

  it.each(['', '0', '65536', '-1', '80.5', '0x50', '1e3', 'http', ' 80'])('refuses %j as a port', (text) => {
    expect(() => planPorts({ GATEWAY_PORT: text })).toThrow(`GATEWAY_PORT=${text} is not a port`)
  })

  it('refuses one port for two, naming both variables', () => {
    expect(() => planPorts({ FILES_PORT: '8080' })).toThrow(
      'gateway and files would share port 8080: set GATEWAY_PORT or FILES_PORT',
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
    await occupy(ports.session, '127.0.0.1')
    await occupy(ports.redis, '0.0.0.0')
    await expect(checkPorts(ports, false)).rejects.toThrow(
      new RegExp(
        `port ${ports.session}, which session needs, is taken.*SESSION_PORT\n.*port ${ports.redis}, which redis needs, is taken.*CURFEW_REDIS_PORT`,
      ),
    )
  })

  it('does not ask for the ports of servers that run elsewhere', async () => {
    const ports = await freePlan()
    await occupy(ports.nats, '127.0.0.1')
    await expect(checkPorts(ports, true)).resolves.toBeUndefined()
  })
})
