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

export interface ProcessServers extends TestServers {
  /** What each keeps on disk: a test may put an older copy in its place while the server is down. */
  readonly storeDirectories: Readonly<Record<'nats' | 'redis', string>>
}

/** `await using servers = await startTestServers()`. Containers if an engine answers, else processes; see chooseServers. */
export async function startTestServers(): Promise<TestServers> {
  return (await chooseServers()) === 'containers' ? startServerContainers() : startProcessServers()
}

/** Processes whatever the environment says: for tests that look at pids, pause what they see, or handle the store on disk. */
export async function startProcessServers(): Promise<ProcessServers> {
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
    const storeDirectories = { nats: join(directory.path, 'nats'), redis: join(directory.path, 'redis') }
    return { ...servers, storeDirectories, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await directory.remove()
    throw error
  }
}
