/**
 * Tells a process from a later one with the same number.
 * Promise: a signal meant for a process of an earlier run never reaches a stranger.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process, and when it began, in whatever words the system has for that. */
export interface PidStart {
  readonly pid: number
  readonly start: string
}

/** Undefined when it has ended; one that nobody has buried yet (a zombie) has ended too. */
export function pidStart(pid: number): PidStart | undefined {
  try {
    const start = process.platform === 'linux' ? startOnLinux(pid) : startElsewhere(pid)
    return start === undefined ? undefined : { pid, start }
  } catch {
    return undefined
  }
}

export function isStillRunning(one: PidStart): boolean {
  return pidStart(one.pid)?.start === one.start
}

function startOnLinux(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in brackets and may hold anything, brackets included.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  if (state === 'Z' || state === 'X') return undefined
  const ticks = fields[19]
  // Ticks are counted from the boot, so they mean something only together with it.
  return ticks && `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${ticks}`
}

function startElsewhere(pid: number): string | undefined {
  const answer = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  const [state = 'Z', ...start] = answer.split(/\s+/)
  return state.startsWith('Z') ? undefined : start.join(' ')
}
