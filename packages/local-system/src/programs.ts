/**
 * Programs of this machine: finding them and running them to their end.
 * Promise: a failure carries what the program said.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

import { currentEnvironment, type Environment } from './config.ts'
import { leashed } from './leash.ts'

/** Where Debian puts daemons, which is not on an ordinary user's PATH; then the homes of Homebrew. */
const MORE_PLACES = ['/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin', '/usr/local/bin']

/** The first executable of that name on PATH or in the usual places. */
export function findProgram(name: string, env: Environment = currentEnvironment()): string | undefined {
  const onPath = (env['PATH'] ?? '').split(delimiter).filter((place) => place !== '')
  return [...onPath, ...MORE_PLACES].map((place) => join(place, name)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export interface ProgramRun {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

/** What it printed. @throws Error with what it complained about when it fails or takes too long */
export function runProgram(command: string, args: readonly string[], run: ProgramRun): Promise<string> {
  const { timeoutMs: timeout, cwd, env } = run
  const options = { timeout, cwd, env: { ...currentEnvironment(), ...env }, maxBuffer: 16 * 1024 * 1024 }
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout)
      else
        reject(new Error(`${command} ${args[0] ?? ''}: ${stderr.trim() || error.message}`, { cause: error }))
    })
    leashed(child)
  })
}
