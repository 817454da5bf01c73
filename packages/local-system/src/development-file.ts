/**
 * `dev.json`: where everything is and how to get in, for people, tests and tools.
 * Promise: the shape that the documentation gives; it exists while the system runs, readable by its owner only.
 */
import type { DevelopmentAccount, DevelopmentClient } from './identities.ts'
import type { ServiceName } from './service-settings.ts'
import type { Servers } from './servers.ts'
import type { ServiceProcess } from './services.ts'

export interface DevelopmentFile extends Readonly<Record<ServiceName, string>> {
  /** Where each serves /healthz, /readyz and /metrics. */
  readonly operations: Readonly<Record<ServiceName, string>>
  /** With the administrator's credentials. */
  readonly nats: string
  readonly redis: string
  readonly accounts: readonly DevelopmentAccount[]
  readonly clients: readonly DevelopmentClient[]
  /** Without nats and redis where they are not processes of this machine. */
  readonly pids: Readonly<Partial<Record<ServiceName | 'nats' | 'redis', number>>>
}

export function developmentFile(system: {
  readonly servers: Servers
  readonly services: Readonly<Record<ServiceName, Pick<ServiceProcess, 'url' | 'operationsUrl' | 'pid'>>>
  readonly identities: {
    readonly accounts: readonly DevelopmentAccount[]
    readonly clients: readonly DevelopmentClient[]
  }
}): DevelopmentFile {
  const { servers, services, identities } = system
  const { gateway, session, documents, files, console } = services
  const pids = {
    gateway: gateway.pid,
    session: session.pid,
    documents: documents.pid,
    files: files.pid,
    console: console.pid,
    nats: servers.nats.pid,
    redis: servers.redis.pid,
  }
  return {
    gateway: gateway.url,
    session: session.url,
    documents: documents.url,
    files: files.url,
    console: console.url,
    operations: {
      gateway: gateway.operationsUrl,
      session: session.operationsUrl,
      documents: documents.operationsUrl,
      files: files.operationsUrl,
      console: console.operationsUrl,
    },
    nats: servers.natsUrl('admin'),
    redis: servers.redisUrl('admin'),
    accounts: identities.accounts.map(({ tenant, username, password, roles }) => ({
      tenant,
      username,
      password,
      roles,
    })),
    clients: identities.clients.map(({ id, secret }) => ({ id, secret })),
    pids: Object.fromEntries(Object.entries(pids).filter(([, pid]) => pid !== undefined)),
  }
}
