/**
 * What the kernel says about a process, as proof that a fault has happened.
 */
import { readFileSync, readdirSync } from 'node:fs'

export interface Watched {
  readonly name: string
  readonly pid: number | undefined
}

/** State letter of /proc/<pid>/stat: R and S run, T is stopped, Z is dead; undefined when there is no such process. */
function stateOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name before it is in parentheses and may hold anything.
    return text.slice(text.lastIndexOf(')') + 2, text.lastIndexOf(')') + 3)
  } catch {
    return undefined
  }
}

export function pidOf({ name, pid }: Watched): number {
  if (pid === undefined) throw new Error(`${name} is not running`)
  return pid
}

/** @throws when it lives */
export function proveDead(name: string, pid: number): string {
  const state = stateOf(pid)
  if (state !== undefined && state !== 'Z') throw new Error(`${name} (${pid}) lives: ${state}`)
  return `${name} (${pid}) is dead`
}

/** @throws when it does not stop: a signal takes effect when the process is next scheduled. */
export async function proveStopped(name: string, pid: number): Promise<string> {
  const deadline = performance.now() + 5_000
  while (stateOf(pid) !== 'T') {
    if (performance.now() > deadline) throw new Error(`${name} (${pid}) is not stopped: ${stateOf(pid)}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
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
