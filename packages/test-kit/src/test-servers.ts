/**
 * ④ ⑤ NATS and Redis for a test, whichever way this machine can run them.
 * Promise: the same configuration, users and handles either way; nothing is left when they are disposed of.
 */
import { createCredentials, startServerProcesses, type Servers } from '@curfew/local-system'

import { chooseServers } from './choose-servers.ts'
import { startServerContainers } from './server-containers.ts'
import { createTemporaryDirectory } from './temporary-directory.ts'

export interface TestServers extends Servers, AsyncDisposable {}

/** `await using servers = await startTestServers()`. Containers if an engine answers, else processes; see chooseServers. */
export async function startTestServers(): Promise<TestServers> {
  return (await chooseServers()) === 'containers' ? startServerContainers() : startProcesses()
}

async function startProcesses(): Promise<TestServers> {
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
    return { ...servers, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await directory.remove()
    throw error
  }
}
