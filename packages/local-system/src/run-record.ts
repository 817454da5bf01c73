/**
 * Who runs in a data directory: one supervisor, and the children that it started.
 * Promise: two supervisors never share a directory, and what outlived a supervisor is ended before the next one begins.
 */
import { linkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { isStillRunning, pidStart, type PidStart } from './pid-start.ts'
import { makePrivateDirectory, readJsonIfPresent, writePrivateJson } from './private-files.ts'

interface Entry {
  readonly supervisor: PidStart
  readonly children: readonly PidStart[]
}

export interface RunRecord {
  /** Remembers what has been started, so that the next run can end it if this one cannot. */
  remember(pids: readonly (number | undefined)[]): void
  release(): void
}

export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning'
  readonly code = 'ALREADY_RUNNING'
  readonly pid: number

  constructor(pid: number) {
    super(`process ${pid} has this directory`)
    this.pid = pid
  }
}

const GRACE_MS = 5_000
const POLL_MS = 50

/** Takes the directory for this process. @throws AlreadyRunning when one that lives has it */
export async function takeDirectory(directory: string): Promise<RunRecord> {
  makePrivateDirectory(directory)
  const file = join(directory, 'run.json')
  const supervisor = pidStart(process.pid) ?? { pid: process.pid, start: 'unknown' }
  while (!createWhole(file, { supervisor, children: [] })) {
    const found = readEntry(file)
    if (found !== undefined && isStillRunning(found.supervisor))
      throw new AlreadyRunning(found.supervisor.pid)
    await Promise.all((found?.children ?? []).map(end))
    rmSync(file, { force: true })
  }
  return {
    remember: (pids) => {
      const children = pids.flatMap((pid) => (pid === undefined ? [] : (pidStart(pid) ?? [])))
      writePrivateJson(file, { supervisor, children })
    },
    release: () => rmSync(file, { force: true }),
  }
}

/** False when there is such a file already: a link, unlike an open file, appears with its content. */
function createWhole(file: string, entry: Entry): boolean {
  const draft = `${file}.${process.pid}`
  writePrivateJson(draft, entry)
  try {
    linkSync(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Undefined for what no run of ours wrote: nobody can be found through it. */
function readEntry(file: string): Entry | undefined {
  try {
    const { supervisor, children } = readJsonIfPresent(file) as Entry
    return isPidStart(supervisor) && children.every(isPidStart) ? { supervisor, children } : undefined
  } catch {
    return undefined
  }
}

function isPidStart(value: PidStart | undefined): boolean {
  return Number.isInteger(value?.pid) && Number(value?.pid) > 1 && typeof value?.start === 'string'
}

async function end(child: PidStart): Promise<void> {
  const deadline = performance.now() + GRACE_MS
  for (let signal: NodeJS.Signals = 'SIGTERM'; isStillRunning(child); await delay(POLL_MS)) {
    if (performance.now() > deadline) signal = 'SIGKILL'
    try {
      process.kill(child.pid, signal)
    } catch {
      return
    }
  }
}
