/**
 * Copies of what NATS and Redis keep on disk, and an older one put in the place of the newer.
 */
import { createHash } from 'node:crypto'
import { cpSync, readFileSync, readdirSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { pidOf, proveStopped } from './process-state.ts'
import type { ServerName, World } from './world.ts'

export interface StoreCopy {
  readonly directory: string
  /** What was stored later is not in it. */
  readonly takenMs: number
}

/** As a crash at this instant would leave it: the server stands still meanwhile. */
export async function copyStore({ servers }: World, server: ServerName): Promise<StoreCopy> {
  const store = servers.storeDirectories[server]
  const directory = `${store}-copy-${Math.floor(performance.now())}`
  const takenMs = performance.now()
  await servers[server].kill('SIGSTOP')
  try {
    proveStopped(server, pidOf({ name: server, pid: servers[server].pid }))
    cpSync(store, directory, { recursive: true })
  } finally {
    await servers[server].kill('SIGCONT')
  }
  return { directory, takenMs }
}

/**
 * For a server that is down. The copy is used up.
 * @returns where the newer one is kept, and the proof. @throws when both hold the same
 */
export function putBack(
  { servers }: World,
  server: ServerName,
  { directory }: Pick<StoreCopy, 'directory'>,
): { readonly newer: string; readonly proof: string } {
  if (servers[server].pid !== undefined) throw new Error(`${server} is running`)
  const store = servers.storeDirectories[server]
  const newer = `${store}-newer-${Math.floor(performance.now())}`
  const [older, current] = [digestOf(directory), digestOf(store)]
  if (older === current) throw new Error(`nothing was stored by ${server} since the copy`)
  renameSync(store, newer)
  renameSync(directory, store)
  if (digestOf(store) !== older) throw new Error(`the copy of ${server} is not in its place`)
  return { newer, proof: `the store of ${server} is ${older.slice(0, 8)} instead of ${current.slice(0, 8)}` }
}

function digestOf(directory: string): string {
  const hash = createHash('sha256')
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()) {
    const path = join(directory, name)
    if (statSync(path).isFile()) hash.update(`${name}\0`).update(readFileSync(path))
  }
  return hash.digest('hex')
}
