/**
 * The command line as people and scripts meet it: a process, with or without a terminal.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { rolldown } from 'rolldown'

import settings, { output } from '../rolldown.config.ts'

/** Builds what the package ships, into a directory of the test. @returns the program */
export async function buildProgram(directory: string): Promise<string> {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  await using bundle = await rolldown({ ...settings, cwd })
  await bundle.write({ ...output, dir: join(directory, 'built') })
  return join(directory, 'built', 'curfew.js')
}

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly program: string
  /** Where profiles are kept: the user's own must never be met by a test. */
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Standard input; empty where absent. */
  readonly input?: string
  /** Where outputs go instead of to the test: a file, or `closed`, a pipe that nobody reads any more. */
  readonly stdout?: string
  readonly stderr?: string
}

/** Runs it without a terminal, to its end. */
export async function curfew(args: readonly string[], options: CliOptions): Promise<Finished> {
  const { stdout, stderr } = options
  const files = [stdout === 'closed' ? undefined : stdout, stderr].map((path) =>
    path === undefined ? undefined : openSync(path, 'w'),
  )
  const child: ChildProcess = spawn(process.execPath, [options.program, ...args], {
    env: environment(options),
    cwd: options.cwd ?? options.home,
    stdio: ['pipe', ...files.map((file) => file ?? ('pipe' as const))],
  })
  for (const file of files) if (file !== undefined) closeSync(file)
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input ?? '')
  if (stdout === 'closed') child.stdout?.destroy()
  return finished(child)
}

export interface Answered<T> {
  readonly code: number | null
  readonly body: T
}

/** The one JSON document that it answers. */
export async function curfewJson<T = Record<string, unknown>>(
  args: readonly string[],
  options: CliOptions,
): Promise<Answered<T>> {
  const { code, stdout } = await curfew([...args, '--json'], options)
  return { code, body: JSON.parse(stdout) as T }
}

const SHOWN_WITHIN_MS = 20_000

/** A process under way, with everything that it has written. */
export class Running {
  readonly child: ChildProcess
  readonly ended: Promise<Finished>
  #written = ''
  readonly #watchers = new Set<() => void>()

  constructor(child: ChildProcess) {
    this.child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.#written += chunk.toString('utf8')
        for (const watcher of this.#watchers) watcher()
      })
    this.ended = finished(child)
  }

  get written(): string {
    return this.#written
  }

  type(text: string): void {
    this.child.stdin?.write(text)
  }

  /** Resolves when this has been written. @throws with what was written instead, when the process ends without it */
  async shows(pattern: RegExp): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const look = (): void => (pattern.test(this.#written) ? resolve() : undefined)
    this.#watchers.add(look)
    look()
    const ended = this.ended.then(({ code }) => {
      if (pattern.test(this.#written)) return
      throw new Error(`ended with ${code} and never showed ${pattern}:\n${this.#written}`)
    })
    const late = AbortSignal.timeout(SHOWN_WITHIN_MS)
    late.addEventListener('abort', () => reject(new Error(`never showed ${pattern}:\n${this.#written}`)))
    try {
      await Promise.race([promise, ended])
    } finally {
      this.#watchers.delete(look)
    }
  }
}

/** Without a terminal, and still running. */
export function startCurfew(args: readonly string[], options: CliOptions): Running {
  return new Running(
    spawn(process.execPath, [options.program, ...args], {
      env: environment(options),
      cwd: options.home,
      stdio: 'pipe',
    }),
  )
}

/** In a pseudo terminal, which `script` of util-linux makes; what it writes comes as a terminal would get it. */
export function openTerminal(args: readonly string[], options: CliOptions): Running {
  const command = [process.execPath, options.program, ...args].map(quoted).join(' ')
  return new Running(
    spawn('script', ['-qec', `stty rows 40 cols 120; exec ${command}`, '/dev/null'], {
      env: { ...environment(options), TERM: 'xterm-256color' },
      cwd: options.cwd ?? options.home,
      stdio: 'pipe',
    }),
  )
}

export const hasTerminals = process.platform === 'linux'

function environment({ home, env }: CliOptions): Record<string, string> {
  return { PATH: '/usr/bin:/bin', HOME: home, TZ: 'UTC', ...env }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function finished(child: ChildProcess): Promise<Finished> {
  const written = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk: Buffer) => (written[name] += chunk.toString('utf8')))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...written }))
  })
}
