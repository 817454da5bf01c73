/**
 * ① ③ ④ ⑦ The services of this checkout, and the console, as processes, each with its own settings, credentials and log.
 * Promise: all answer `/readyz` when the promise resolves, or none is left running.
 */
import { resolve } from 'node:path'

import type { Child, UnexpectedExit } from './child.ts'
import { createDevelopmentIdentities } from './identities.ts'
import { makePrivateDirectory } from './private-files.ts'
import { serviceChild } from './service-child.ts'
import {
  claimKeysIn,
  localUrl,
  serviceSettings,
  type ServiceName,
  type ServicePorts,
} from './service-settings.ts'
import type { Progress, Servers } from './servers.ts'
import { freePort } from './tcp-ports.ts'

export interface ServiceProcess {
  /** `session`, `session-2`, … */
  readonly name: string
  readonly url: string
  /** Where it serves /healthz, /readyz and /metrics. */
  readonly operationsUrl: string
  /** Undefined while it is down. */
  readonly pid: number | undefined
  /** A signal that ends it is waited for. */
  kill(signal: NodeJS.Signals): Promise<void>
  stop(): Promise<void>
  /** Same ports; starts it if it is down; resolves when it is ready. */
  restart(): Promise<void>
}

/** The first process of each service by its name, and all of them. */
export interface Services extends Readonly<Record<ServiceName, ServiceProcess>> {
  readonly replicas: Readonly<Record<ServiceName, readonly ServiceProcess[]>>
  /** Gateway first and session last, so that no one is asked who has gone. */
  stop(): Promise<void>
}

export interface ServicesOptions {
  readonly servers: Servers
  /** Identities, files and logs go below it. */
  readonly directory: string
  /** Ports of the first process of each service; free ones where absent. */
  readonly ports?: Partial<Record<ServiceName, ServicePorts>>
  /** Settings beyond or instead of the usual ones. */
  readonly env?: Partial<Record<ServiceName, Readonly<Record<string, string>>>>
  /** The same for one process by its name (`session-2`), which goes before that of its service. */
  readonly envOf?: (process: string) => Readonly<Record<string, string>>
  /** How many processes of each service; one where absent. */
  readonly replicas?: Partial<Record<ServiceName, number>>
  /** Those that wait until somebody restarts them. */
  readonly idle?: readonly ServiceName[]
  readonly onProgress?: Progress
  readonly onUnexpectedExit?: (exit: UnexpectedExit) => void
}

type Replicas = readonly [ServiceProcess, ...ServiceProcess[]]
type Everyone = Readonly<Record<ServiceName, Replicas>>

/** @throws ChildFailed with the end of its log when a service does not become ready. */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const everyone = await planEveryone(options)
  const stop = async (): Promise<void> => {
    await stopAll([...everyone.gateway, ...everyone.console])
    await stopAll([...everyone.documents, ...everyone.files])
    await stopAll(everyone.session)
  }
  try {
    const begin = (...services: ServiceName[]): Promise<void> =>
      startAll(
        services
          .filter((service) => !options.idle?.includes(service))
          .flatMap((service) => everyone[service]),
      )
    // The others cannot be ready before somebody answers for sessions.
    await begin('session')
    await begin('documents', 'files', 'gateway', 'console')
  } catch (error) {
    await stop()
    throw error
  }
  return {
    session: everyone.session[0],
    documents: everyone.documents[0],
    files: everyone.files[0],
    gateway: everyone.gateway[0],
    console: everyone.console[0],
    replicas: everyone,
    stop,
  }
}

async function planEveryone(options: ServicesOptions): Promise<Everyone> {
  const directory = resolve(options.directory)
  makePrivateDirectory(directory)
  makePrivateDirectory(claimKeysIn(directory))
  const identities = await createDevelopmentIdentities(directory)
  const ports = await portsFor(options.ports ?? {})
  const settings = serviceSettings({ servers: options.servers, identities, directory, ports })

  const replicasOf = async (service: ServiceName): Promise<Replicas> => {
    const replica = (number: number, own: ServicePorts): ServiceProcess => {
      const name = number === 1 ? service : `${service}-${number}`
      const overrides = { ...options.env?.[service], ...options.envOf?.(name) }
      const child = serviceChild({
        service,
        name,
        directory,
        ports: own,
        settings: { ...settings[service], ...overrides },
        onUnexpectedExit: options.onUnexpectedExit,
      })
      return processOf(child, own, options.onProgress)
    }
    const others: ServiceProcess[] = []
    for (let number = 2; number <= (options.replicas?.[service] ?? 1); number += 1)
      others.push(replica(number, await freePorts()))
    return [replica(1, ports[service]), ...others]
  }
  return {
    session: await replicasOf('session'),
    documents: await replicasOf('documents'),
    files: await replicasOf('files'),
    gateway: await replicasOf('gateway'),
    console: await replicasOf('console'),
  }
}

async function portsFor(
  given: Partial<Record<ServiceName, ServicePorts>>,
): Promise<Record<ServiceName, ServicePorts>> {
  return {
    session: given.session ?? (await freePorts()),
    documents: given.documents ?? (await freePorts()),
    files: given.files ?? (await freePorts()),
    gateway: given.gateway ?? (await freePorts()),
    console: given.console ?? (await freePorts()),
  }
}

async function freePorts(): Promise<ServicePorts> {
  return { public: await freePort(), operations: await freePort() }
}

function processOf(child: Child, ports: ServicePorts, onProgress: Progress | undefined): ServiceProcess {
  const url = localUrl(ports.public)
  return {
    name: child.name,
    url,
    operationsUrl: localUrl(ports.operations),
    get pid() {
      return child.pid
    },
    kill: (signal) => child.kill(signal),
    stop: () => child.stop(),
    restart: async () => {
      await child.restart()
      onProgress?.(`${child.name} is ready at ${url}`)
    },
  }
}

/** Waits for all of them, so that a failure leaves none half started. */
async function startAll(processes: readonly ServiceProcess[]): Promise<void> {
  const outcomes = await Promise.allSettled(processes.map((process) => process.restart()))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function stopAll(processes: readonly ServiceProcess[]): Promise<void> {
  await Promise.all(processes.map((process) => process.stop()))
}
