/**
 * Programs of this checkout, run one after the other under one roof.
 * Promise: a signal to this process reaches the one that runs, and nothing is started after it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

let running: ChildProcess | undefined
let stopCode: number | undefined

/** The exit code that this run owes to the signal that ended it; undefined while nobody has. */
export function codeOfStop(): number | undefined {
  return stopCode
}

/** Passes on what asks this process to end, and the end of bootstrap.mjs, whose channel then closes. */
export function watchForSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal))
  process.on('disconnect', () => stop('SIGTERM'))
}

function stop(signal: NodeJS.Signals): void {
  stopCode = exitCodeOf(signal)
  running?.kill(signal)
}

/** The program's exit code; what it prints goes where this process prints. */
export async function runProgram(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  if (stopCode !== undefined) return stopCode
  // The shims in node_modules/.bin run the first `node` on the path: it must be the one that came with them.
  const path = `${ROOT}node_modules/.bin:${process.env['PATH'] ?? ''}`
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, PATH: path, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  running = child
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  running = undefined
  if (stopCode !== undefined) return stopCode
  return signal === null ? (code ?? 1) : exitCodeOf(signal)
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}
