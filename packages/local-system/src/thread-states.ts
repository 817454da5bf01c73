/**
 * What the kernel says about the threads of a program. A signal takes effect when a thread is next scheduled, and a program of
 * many threads goes on answering until the last of them has heard of it.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_EVERY_MS = 1
const PAUSED_WITHIN_MS = 5_000

/**
 * A letter for each thread, the first one's first: R and S run, T is paused, Z is dead. Empty when there is no such program
 * any more, and where the system does not tell (no `/proc`).
 */
export function threadStates(pid: number): string {
  return threadsOf(pid)
    .map((thread) => stateOf(`/proc/${pid}/task/${thread}/stat`))
    .join('')
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}

/** Nothing for a thread that has ended meanwhile: it says nothing about the others. */
function stateOf(file: string): string {
  try {
    const stat = readFileSync(file, 'utf8')
    // The name before it is in brackets and may hold anything.
    return stat.charAt(stat.lastIndexOf(')') + 2)
  } catch {
    return ''
  }
}

/** Resolves also when there is nothing to see. @throws when it goes on running */
export async function untilPaused(pid: number): Promise<void> {
  const deadlineMs = performance.now() + PAUSED_WITHIN_MS
  for (;;) {
    const states = threadStates(pid)
    if (/^T*$/.test(states)) return
    if (performance.now() > deadlineMs) throw new Error(`${pid} was told to pause, and is not: ${states}`)
    await delay(LOOK_EVERY_MS)
  }
}
