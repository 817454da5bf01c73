/**
 * `npm start` as a test runs it: another data directory and free ports, everything else as it is.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { SERVICE_NAMES, type DevelopmentFile } from '../src/index.ts'
import { REPOSITORY, currentEnvironment } from '../src/config.ts'
import { leashed } from '../src/leash.ts'
import { freePort } from '../src/tcp-ports.ts'
import { eventually } from './scratch.ts'

export type Ports = Readonly<Record<string, string>>

/** Apart from where other tests, which run beside this one, take theirs: a start that finds a port taken gives up. */
const OWN_RANGE = [12_000, 20_000] as const

export async function freePorts(): Promise<Ports> {
  const ports: Record<string, string> = {}
  const services = SERVICE_NAMES.map((service) => service.toUpperCase())
  const operations = services.map((service) => `${service}_OPERATIONS`)
  for (const name of [...services, ...operations, 'CURFEW_NATS', 'CURFEW_REDIS'])
    ports[`${name}_PORT`] = String(await freePort(...OWN_RANGE))
  return ports
}

const BOOTSTRAP = ['node', 'infra/bootstrap.mjs', 'start']

export class Start {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  output = ''
  readonly #directory: string

  /** `npm start`, or what npm runs, which saves time where npm makes no difference. */
  constructor(directory: string, ports: Ports, [command = '', ...args]: readonly string[] = BOOTSTRAP) {
    this.#directory = directory
    this.child = leashed(
      spawn(command, args, {
        cwd: REPOSITORY,
        env: { ...currentEnvironment(), ...ports, CURFEW_DATA_DIR: directory, NO_COLOR: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    )
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
      })
    this.exited = once(this.child, 'exit').then(([code]) => code as number | null)
  }

  /** Resolves when the banner stands there. @throws with the output when the run ends or takes too long instead */
  async isUp(): Promise<DevelopmentFile> {
    const isSettled = (): boolean =>
      this.output.includes('Ctrl-C stops everything') || this.child.exitCode !== null
    if (!(await eventually(isSettled, 50_000)) || this.child.exitCode !== null)
      throw new Error(`it did not come up:\n${this.output}`)
    return JSON.parse(readFileSync(join(this.#directory, 'dev.json'), 'utf8')) as DevelopmentFile
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal)
    return this.exited
  }
}
