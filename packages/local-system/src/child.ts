/**
 * One program as a child of this process: started, watched, stopped, started again.
 * Promise: `start` answers when the program serves or says why it does not; nothing it starts outlives this process.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { leashed } from './leash.ts'
import { lastLines } from './log-files.ts'
import { untilPaused } from './thread-states.ts'

export interface UnexpectedExit {
  readonly name: string
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly logFile: string
  readonly lastLines: readonly string[]
}

export interface ChildOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** Written to standard input: for what must stand neither in a file nor on a command line. */
  readonly input?: string
  readonly logFile: string
  readonly isReady: () => Promise<boolean>
  readonly readyTimeoutMs: number
  /** How a signal reaches the program where the child only stands for it; absent: the child is the program. */
  readonly deliver?: (signal: NodeJS.Signals) => Promise<void>
  /** Called when the program ends although nobody here asked it to. */
  readonly onUnexpectedExit?: ((exit: UnexpectedExit) => void) | undefined
}

const POLL_MS = 25
const ENDING: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGKILL', 'SIGQUIT'])
const LAST_LINES = 20

/** In the order of their starts. */
const runningChildren = new Set<Child>()
let mayStart = true

/** Ends every child of this process, the latest first, those that are just starting too; none can be started after it. */
export async function endAllChildren(): Promise<void> {
  mayStart = false
  for (let latest = lastOf(runningChildren); latest !== undefined; latest = lastOf(runningChildren))
    await latest.stop()
}

function lastOf<T>(items: ReadonlySet<T>): T | undefined {
  return [...items].at(-1)
}

/** The program is not running, or did not get to serving; the message carries the end of its log. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed'
  readonly code = 'CHILD_FAILED'
}

export class Child {
  readonly #options: ChildOptions
  #running: ChildProcess | undefined
  #isExpectedToEnd = false

  constructor(options: ChildOptions) {
    this.#options = options
  }

  get name(): string {
    return this.#options.name
  }

  /** Undefined while it is not running. */
  get pid(): number | undefined {
    return this.#running?.pid
  }

  /** @throws ChildFailed when the program cannot be run, ends before it serves, or takes too long. */
  async start(): Promise<void> {
    if (!mayStart) throw new ChildFailed(`${this.name} is not started: everything is ending`)
    if (this.#running !== undefined) throw new ChildFailed(`${this.name} is running already`)
    // Until it serves, ending is a failure of this call and not an event.
    this.#isExpectedToEnd = true
    const child = await this.#spawn()
    const deadline = performance.now() + this.#options.readyTimeoutMs
    while (!(await this.#options.isReady())) {
      if (this.#running !== child) throw this.#failure(`${this.name} ended before it was ready`)
      if (performance.now() > deadline) {
        await this.stop(0)
        throw this.#failure(`${this.name} was not ready after ${this.#options.readyTimeoutMs / 1000} s`)
      }
      await delay(POLL_MS)
    }
    if (this.#running !== child) throw this.#failure(`${this.name} ended as soon as it was ready`)
    this.#isExpectedToEnd = false
  }

  /** Sends a signal; one that ends or pauses a program is waited for. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#running
    if (child === undefined) return
    const isEnding = ENDING.has(signal)
    if (isEnding) this.#isExpectedToEnd = true
    const exited = isEnding ? once(child, 'exit') : undefined
    await this.#deliver(child, signal)
    await exited
    // The threads of a container are not to be seen from here.
    if (signal === 'SIGSTOP' && this.#options.deliver === undefined) await untilPaused(child.pid ?? 0)
  }

  /** SIGTERM, and SIGKILL after the grace period. */
  async stop(graceMs = 10_000): Promise<void> {
    const child = this.#running
    if (child === undefined) return
    this.#isExpectedToEnd = true
    const exited = once(child, 'exit')
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
    await this.#deliver(child, 'SIGTERM')
    // A program that is paused would sleep through the request to end.
    await this.#deliver(child, 'SIGCONT')
    await exited
    clearTimeout(timer)
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  async #deliver(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (this.#options.deliver === undefined) child.kill(signal)
    else await this.#options.deliver(signal)
  }

  async #spawn(): Promise<ChildProcess> {
    const { command, args, env, cwd, input, logFile } = this.#options
    const log = openSync(logFile, 'a', 0o600)
    // Detached: Ctrl-C reaches the parent alone, which then ends its children in the right order.
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['pipe', log, log] })
    closeSync(log)
    child.stdin?.on('error', () => {}).end(input)
    const { pid } = child
    if (pid === undefined)
      throw new ChildFailed(`${this.name} cannot be run (${command})`, { cause: await once(child, 'error') })
    this.#running = child
    runningChildren.add(this)
    leashed(child)
    child.once('exit', (code, signal) => this.#ended(code, signal))
    return child
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#running = undefined
    runningChildren.delete(this)
    if (this.#isExpectedToEnd) return
    const { logFile } = this.#options
    this.#options.onUnexpectedExit?.({
      name: this.name,
      code,
      signal,
      logFile,
      lastLines: lastLines(logFile, LAST_LINES),
    })
  }

  #failure(message: string): ChildFailed {
    const { logFile } = this.#options
    const lines = lastLines(logFile, LAST_LINES).map((line) => `  ${line}`)
    return new ChildFailed([`${message}. The end of ${logFile}:`, ...lines].join('\n'))
  }
}
