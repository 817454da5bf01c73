/**
 * ①–⑦ The system under fault: two of everything that guards, every link to NATS and Redis through a proxy of its own.
 * NATS and Redis are processes here, also where other tests use containers: a fault is proven by its pid in /proc, and
 * an older store is put back where it lies.
 */
import type { ServiceProcess } from '@curfew/local-system'
import {
  FaultProxy,
  startProcessServers,
  startTestSystem,
  type ProcessServers,
  type TestSystem,
} from '@curfew/test-kit'

export const LEASE_MS = 1_500
/** W = L · (1 + ρ) + δ, as ARCHITECTURE.md has it. */
export const WAIT_MS = LEASE_MS * 1.1 + 250
/** What a busy machine may add to anything. */
export const SCHEDULING_MS = 3_000

export type GuardName = 'gateway' | 'gateway-2' | 'documents' | 'documents-2'
export type ReplicaName = 'session' | 'session-2'
export type ProcessName = GuardName | ReplicaName | 'files'
export type ServerName = 'nats' | 'redis'

export const GUARDS: readonly GuardName[] = ['gateway', 'gateway-2', 'documents', 'documents-2']
export const REPLICAS: readonly ReplicaName[] = ['session', 'session-2']
const PROCESSES: readonly ProcessName[] = [...REPLICAS, ...GUARDS, 'files']
const WITH_REDIS: ReadonlySet<string> = new Set(['session', 'session-2', 'documents', 'documents-2'])

export interface World extends AsyncDisposable {
  readonly system: TestSystem
  readonly servers: ProcessServers
  process(name: ProcessName): ServiceProcess
  url(name: ProcessName): string
  /** @throws for a process that has no such link */
  link(name: ProcessName, server: ServerName): FaultProxy
}

export async function startWorld(): Promise<World> {
  const servers = await startProcessServers()
  const links = new Map<string, FaultProxy>()
  for (const name of PROCESSES) {
    links.set(`${name}/nats`, await FaultProxy.start(servers.nats.port))
    if (WITH_REDIS.has(name)) links.set(`${name}/redis`, await FaultProxy.start(servers.redis.port))
  }
  const link = (name: ProcessName, server: ServerName): FaultProxy => {
    const found = links.get(`${name}/${server}`)
    if (found === undefined) throw new Error(`${name} has no link to ${server}`)
    return found
  }
  const linksOf = (name: string): Record<string, string> => {
    // It is not started here, and would speak to neither.
    if (name === 'console') return {}
    const process = name as ProcessName
    const user = serviceOf(process)
    return {
      CURFEW_NATS_URL: link(process, 'nats').through(servers.natsUrl(user)),
      ...((user === 'session' || user === 'documents') && {
        CURFEW_REDIS_URL: link(process, 'redis').through(servers.redisUrl(user)),
      }),
    }
  }
  const system = await startTestSystem({
    servers,
    replicas: { session: 2, gateway: 2, documents: 2 },
    env: {
      // A long run outlasts what counts as recent.
      session: { SESSION_LEASE_MS: String(LEASE_MS), SESSION_RECENT_AUTHENTICATION_SECONDS: '43200' },
    },
    envOf: linksOf,
  })
  const processes = new Map(
    Object.values(system.services.replicas)
      .flat()
      .map((process) => [process.name, process]),
  )
  const process = (name: ProcessName): ServiceProcess => {
    const found = processes.get(name)
    if (found === undefined) throw new Error(`there is no ${name}`)
    return found
  }
  return {
    system,
    servers,
    link,
    process,
    url: (name) => process(name).url,
    [Symbol.asyncDispose]: async () => {
      await system[Symbol.asyncDispose]()
      for (const proxy of links.values()) await proxy[Symbol.asyncDispose]()
    },
  }
}

function serviceOf(process: ProcessName): 'session' | 'gateway' | 'documents' | 'files' {
  return process.replace(/-\d+$/, '') as 'session' | 'gateway' | 'documents' | 'files'
}
