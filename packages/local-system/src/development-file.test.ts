import { describe, expect, it } from 'vitest'

import { developmentFile } from './development-file.ts'
import { externalServers } from './external-servers.ts'
import type { Servers } from './servers.ts'

const service = (port: number) => ({
  url: `http://127.0.0.1:${port}`,
  operationsUrl: `http://127.0.0.1:${port + 1_000}`,
  pid: port,
})
const services = {
  gateway: service(8080),
  session: service(8081),
  documents: service(8082),
  files: service(8083),
  console: service(8084),
}
const handle = (pid: number, port: number) => ({ pid, port, kill: async () => {}, restart: async () => {} })
const servers: Servers = {
  kind: 'processes',
  nats: handle(1001, 4322),
  redis: handle(1002, 6479),
  natsUrl: (user) => `nats://${user}:secret@127.0.0.1:4322`,
  redisUrl: (user) => `redis://${user}:secret@127.0.0.1:6479`,
  stop: async () => {},
}
const identities = {
  accounts: [{ tenant: 'acme', username: 'alice', password: 'p1', roles: ['editor'] }],
  clients: [{ id: 'backend', secret: 's1' }],
}

describe('developmentFile', () => {
  it('has the documented shape, nothing less and nothing more', () => {
    expect(developmentFile({ servers, services, identities })).toEqual({
      gateway: 'http://127.0.0.1:8080',
      session: 'http://127.0.0.1:8081',
      documents: 'http://127.0.0.1:8082',
      files: 'http://127.0.0.1:8083',
      console: 'http://127.0.0.1:8084',
      operations: {
        gateway: 'http://127.0.0.1:9080',
        session: 'http://127.0.0.1:9081',
        documents: 'http://127.0.0.1:9082',
        files: 'http://127.0.0.1:9083',
        console: 'http://127.0.0.1:9084',
      },
      nats: 'nats://admin:secret@127.0.0.1:4322',
      redis: 'redis://admin:secret@127.0.0.1:6479',
      accounts: [{ tenant: 'acme', username: 'alice', password: 'p1', roles: ['editor'] }],
      clients: [{ id: 'backend', secret: 's1' }],
      pids: {
        gateway: 8080,
        session: 8081,
        documents: 8082,
        files: 8083,
        console: 8084,
        nats: 1001,
        redis: 1002,
      },
    })
  })

  it('names no process for servers that run elsewhere', () => {
    const external = externalServers({
      CURFEW_NATS_URL: 'nats://a:b@nats.internal',
      CURFEW_REDIS_URL: 'redis://c:d@redis.internal:7000',
    })
    if (external === undefined) throw new Error('both variables are set')
    expect(developmentFile({ servers: external, services, identities })).toMatchObject({
      nats: 'nats://a:b@nats.internal',
      redis: 'redis://c:d@redis.internal:7000',
      pids: { gateway: 8080, session: 8081, documents: 8082, files: 8083, console: 8084 },
    })
    expect(developmentFile({ servers: external, services, identities }).pids).not.toHaveProperty('nats')
  })
})
