/** ④ ⑤ Real NATS and Redis on loopback, for as long as one benchmark needs them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createCredentials, startServerProcesses, type Servers } from '@curfew/local-system'

export interface BenchServers extends Servers, AsyncDisposable {
  /** Removed with the servers. */
  readonly directory: string
}

export async function startBenchServers(): Promise<BenchServers> {
  const directory = await mkdtemp(join(tmpdir(), 'curfew-bench-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true, maxRetries: 3 })
  try {
    const servers = await startServerProcesses({ directory, credentials: createCredentials() })
    return {
      ...servers,
      directory,
      async [Symbol.asyncDispose]() {
        await servers.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
