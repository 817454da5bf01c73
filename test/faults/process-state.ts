/**
 * What the kernel says about a process, as proof that a fault has happened.
 */
import { readFileSync, readdirSync } from 'node:fs'

import { threadStates } from '@curfew/local-system'

export interface Watched {
  readonly name: string
  readonly pid: number | undefined
}

export function pidOf({ name, pid }: Watched): number {
  if (pid === undefined) throw new Error(`${name} is not running`)
  return pid
}

/** @throws when it lives */
export function proveDead(name: string, pid: number): string {
  const states = threadStates(pid)
  if (!/^Z*$/.test(states)) throw new Error(`${name} (${pid}) lives: ${states}`)
  return `${name} (${pid}) is dead`
}

/** Whoever told it to stop has waited for that. @throws when it has not */
export function proveStopped(name: string, pid: number): string {
  const states = threadStates(pid)
  if (!/^T+$/.test(states)) throw new Error(`${name} (${pid}) is not stopped: ${states}`)
  return `${name} (${pid}) is stopped`
}

/**
 * How long processes were ready to run and had no processor, by the kernel's own account. Each call tells of the process
 * that waited longest since the call before.
 */
export function starvationOf(processes: () => readonly Watched[]): () => number {
  const before = new Map<number, number>()
  return () => {
    let longestMs = 0
    for (const { pid } of processes()) {
      const waitedMs = pid === undefined ? undefined : runDelayMs(pid)
      if (pid === undefined || waitedMs === undefined) continue
      longestMs = Math.max(longestMs, waitedMs - (before.get(pid) ?? waitedMs))
      before.set(pid, waitedMs)
    }
    return longestMs
  }
}

/** Of the thread that waited longest: a server in Go runs on several. Undefined when the process is gone. */
function runDelayMs(pid: number): number | undefined {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const delays = threads.map(
      (thread) => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[1],
    )
    return Math.max(...delays.map(Number)) / 1e6
  } catch {
    return undefined
  }
}
