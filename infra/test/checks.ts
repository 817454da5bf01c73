/**
 * The checks that a change has to pass before its tests: scripts of package.json, so that `pnpm check`, `npm test` and a
 * script run by itself do the same.
 */
import { readFileSync } from 'node:fs'

import { codeOfStop, runProgram } from './run-program.ts'

const NAMES = ['format:check', 'lint', 'types', 'dead-code'] as const

export interface Check {
  readonly name: string
  readonly commands: readonly string[]
}

export const CHECKS: readonly Check[] = NAMES.map((name) => ({ name, commands: commandsOf(name) }))

function commandsOf(name: (typeof NAMES)[number]): readonly string[] {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { scripts } = JSON.parse(text) as { readonly scripts: Readonly<Record<string, string>> }
  return (scripts[name] ?? '').split(' && ')
}

/** All of them, so that one run shows everything that is wrong. @returns the names of those that failed */
export async function runChecks(): Promise<string[]> {
  const failed: string[] = []
  for (const { name, commands } of CHECKS) {
    if (codeOfStop() !== undefined) break
    console.info(`\n── ${name}`)
    for (const command of commands) {
      // `exec`: a signal reaches the program itself.
      if ((await runProgram('/bin/sh', ['-c', `exec ${command}`])) === 0) continue
      failed.push(name)
      break
    }
  }
  return failed
}
