/**
 * What the tests here share: a directory that disappears, and servers in it.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createCredentials, startServerProcesses, type Credentials, type Servers } from '../src/index.ts'

export function scratchDirectory(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'curfew-local-system-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

export interface ScratchServers extends AsyncDisposable {
  readonly servers: Servers
  readonly credentials: Credentials
  readonly directory: string
}

export async function scratchServers(): Promise<ScratchServers> {
  const scratch = scratchDirectory()
  const credentials = createCredentials()
  const servers = await startServerProcesses({ directory: scratch.path, credentials })
  return {
    servers,
    credentials,
    directory: scratch.path,
    [Symbol.asyncDispose]: async () => {
      await servers.stop()
      scratch[Symbol.dispose]()
    },
  }
}

/** Asks until the answer is yes; for states that other processes reach in their own time. */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  withinMs = 10_000,
): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) return false
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return true
}
