/**
 * One service as a child: `node services/<name>/src/main.ts`.
 * Promise: it sees the settings meant for it and none of another service; ready means that its `/readyz` says so.
 */
import { join } from 'node:path'

import { Child, type UnexpectedExit } from './child.ts'
import { REPOSITORY, currentEnvironment, inheritedEnvironment } from './config.ts'
import { newLogFile } from './log-files.ts'
import { localUrl, type ServiceName, type ServicePorts } from './service-settings.ts'

/** The console's page is built before it is served, where it is not the one of these sources already. */
const PRELOADS: Readonly<Record<ServiceName, readonly string[]>> = {
  session: [],
  documents: [],
  files: [],
  gateway: [],
  console: ['--import', join(REPOSITORY, 'services/console/page/build.ts')],
}

const READY_TIMEOUT_MS = 30_000
const PROBE_TIMEOUT_MS = 2_000

export function serviceChild(options: {
  readonly service: ServiceName
  readonly name: string
  readonly directory: string
  readonly ports: ServicePorts
  readonly settings: Readonly<Record<string, string>>
  readonly onUnexpectedExit?: ((exit: UnexpectedExit) => void) | undefined
}): Child {
  const { service, name, directory, ports, settings, onUnexpectedExit } = options
  const prefix = `${service.toUpperCase()}_`
  const env: Record<string, string> = {
    // Compiled code is kept for the next start, which takes half the time.
    NODE_COMPILE_CACHE: join(REPOSITORY, '.cache/node'),
    // No balancer is in front of it.
    CURFEW_DRAIN_DELAY_SECONDS: '0',
    ...inheritedEnvironment(currentEnvironment(), prefix),
    ...settings,
    [`${prefix}PORT`]: String(ports.public),
    [`${prefix}OPERATIONS_PORT`]: String(ports.operations),
  }
  return new Child({
    name,
    command: process.execPath,
    args: [...PRELOADS[service], join(REPOSITORY, 'services', service, 'src/main.ts')],
    env,
    cwd: join(REPOSITORY, 'services', service),
    logFile: newLogFile(directory, name),
    isReady: () => answersReady(`${localUrl(ports.operations)}/readyz`),
    readyTimeoutMs: READY_TIMEOUT_MS,
    onUnexpectedExit,
  })
}

async function answersReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
