/**
 * infra/compose.yaml, run by whichever compose program this machine has.
 */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** `docker compose`, or `docker-compose` where the plugin is missing; undefined where both are. */
async function findCompose(): Promise<readonly [string, ...string[]] | undefined> {
  for (const command of [['docker', 'compose'], ['docker-compose']] as const) {
    const [program, ...args] = command
    try {
      await run(program, [...args, 'version'])
      return command
    } catch {
      // Not this one.
    }
  }
  return undefined
}

export const composeCommand: readonly [string, ...string[]] | undefined = await findCompose()

export interface Compose {
  /** Runs `compose ARGS` and returns what it prints on standard output. */
  (...args: string[]): Promise<string>
}

export function composeFor(file: string, env: Readonly<Record<string, string>>): Compose {
  return async (...args) => {
    if (composeCommand === undefined) throw new Error('there is no compose program')
    const [program, ...first] = composeCommand
    const options = { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
    const { stdout } = await run(program, [...first, '--file', file, ...args], options)
    return stdout
  }
}
