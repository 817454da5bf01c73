/**
 * ⑦ The place of what is not yet a file or no longer one, and the clearing of what processes that are gone left there.
 * Promise: clearing never takes an upload that is under way, be it of this replica or of another that shares the directory.
 */
import { hash, randomUUID } from 'node:crypto'
import { readlinkSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { CONTENT } from './file-layout.ts'
import { codeOf, unlessAbsent } from './plain-files.ts'

/** A connection that has brought nothing for so long was closed long ago. */
const ABANDONED_AFTER_MS = 3_600_000
/** Distinguishes this process from an earlier one with the same process id. */
const INCARNATION = randomUUID()

export function newTransitPath(transit: string): string {
  return join(transit, [pidRealm(), process.pid, INCARNATION, randomUUID()].join('.'))
}

export async function sweepTransit(transit: string): Promise<void> {
  for (const name of await readdir(transit)) {
    const path = join(transit, name)
    if (isOrphan(name) || (await isAbandoned(path))) await rm(path, { recursive: true, force: true })
  }
}

/** Certain only for processes that this one could see. */
function isOrphan(name: string): boolean {
  const [realm, pid, incarnation] = name.split('.')
  if (realm !== pidRealm()) return false
  if (Number(pid) === process.pid) return incarnation !== INCARNATION
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return codeOf(error) === 'ESRCH'
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const [directory, content] = await Promise.all(
    [path, join(path, CONTENT)].map((each) => unlessAbsent(stat(each))),
  )
  const lastWriteMs = Math.max(directory?.mtimeMs ?? 0, content?.mtimeMs ?? 0)
  return Date.now() - lastWriteMs > ABANDONED_AFTER_MS
}

/** Where a process id means the same process: one host, and on Linux one namespace of process ids. */
function pidRealm(): string {
  let namespace = ''
  try {
    namespace = readlinkSync('/proc/self/ns/pid')
  } catch {
    // Not Linux: the host alone has to do.
  }
  return hash('sha256', `${hostname()} ${namespace}`).slice(0, 16)
}
