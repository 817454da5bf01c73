/**
 * ④ ⑤ NATS and Redis for a test, whichever way this machine can run them.
 * Promise: the same configuration, users and handles either way; nothing is left when they are disposed of.
 */
import { join } from 'node:path'

import { createCredentials, startServerProcesses, type Servers } from '@curfew/local-system'

import { chooseServers } from './choose-servers.ts'
import { startServerContainers } from './server-containers.ts'
import { createTemporaryDirectory } from './temporary-directory.ts'

export interface TestServers extends Servers, AsyncDisposable {}

/** `await using servers = await startTestServers()`. Containers if an engine answers, else processes; see chooseServers. */
export async function startTestServers(): Promise<TestServers> {
  return (await chooseServers()) === 'containers' ? startServerContainers() : startTestProcesses()
}

export interface TestProcesses extends TestServers {
  /** Where NATS keeps its data: for tests that put an older copy back. */
  readonly natsStore: string
}

/** As processes, whatever else this machine could run. */
export async function startTestProcesses(): Promise<TestProcesses> {
  const directory = await createTemporaryDirectory()
  try {
    const servers = await startServerProcesses({
      directory: directory.path,
      credentials: createCredentials(),
    })
    const stop = async (): Promise<void> => {
      await servers.stop()
      await directory.remove()
    }
    return { ...servers, natsStore: join(directory.path, 'nats'), stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await directory.remove()
    throw error
  }
}
