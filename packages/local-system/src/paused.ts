/**
 * Whether a program that was told to stop has stopped: a signal takes effect when a thread is next scheduled, and a program
 * of many threads goes on answering until the last of them has heard of it.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_EVERY_MS = 1

/** Resolves also when there is no such program any more, and at once where the system does not tell (no `/proc`). */
export async function untilPaused(pid: number): Promise<void> {
  while (threadStates(pid).some((state) => state !== 'T')) await delay(LOOK_EVERY_MS)
}

function threadStates(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
      // The name before it is in parentheses and may hold anything.
      return stat.charAt(stat.lastIndexOf(')') + 2)
    })
  } catch {
    return []
  }
}
