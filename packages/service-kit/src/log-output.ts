/**
 * The file descriptor that log lines go to. Its disk may be full, its reader gone or slow.
 * Promise: no line ends the process or fills its memory. Lines wait for the output to work again, those for which there is no
 * room are counted, and the log says how many once it is written again.
 */
import { pino, type DestinationStream } from 'pino'
import { Counter, type Registry } from 'prom-client'

/** Of lines that wait. */
const WAITING_BYTES_MAX = 1024 * 1024
const RETRY_AFTER_MS = { slow: 50, failed: 1_000 }
/** Each takes a tenth of a second, while the process ends and nobody else needs the time. */
const LAST_ATTEMPTS = 10

export interface Resumed {
  /** Of this failure. */
  readonly lost: number
  readonly code: string
}

export class LogOutput implements DestinationStream {
  readonly #stream: ReturnType<typeof pino.destination>
  #onResumed: ((resumed: Resumed) => void) | undefined
  #failure: string | undefined
  #hasFailed = false
  #isEnding = false
  #lost = 0
  #lostInAll = 0
  #lastAttempts = LAST_ATTEMPTS
  #isRetrying = false

  constructor(fd: number) {
    this.#stream = pino.destination({
      dest: fd,
      sync: true,
      maxLength: WAITING_BYTES_MAX,
      // The library would wait for a slow reader, and the whole process with it.
      retryEAGAIN: () => this.#isEnding && this.#lastAttempts-- > 0,
    })
    this.#stream.on('error', (error: NodeJS.ErrnoException) => this.#failed(error.code ?? 'unknown'))
    this.#stream.on('drop', (lines: string) => this.#drop(lines))
    process.once('exit', () => {
      this.#isEnding = true
      this.write('')
    })
  }

  /** Lines that are gone for good. */
  get lostInAll(): number {
    return this.#lostInAll
  }

  onResumed(tell: (resumed: Resumed) => void): void {
    this.#onResumed ??= tell
  }

  write(lines: string): void {
    // The library never writes again to a pipe without a reader, and says nothing of it.
    if (this.#failure === 'EPIPE') return this.#drop(lines)
    this.#hasFailed = false
    this.#stream.write(lines)
    if (this.#hasFailed || this.#failure === undefined) return
    const resumed = { lost: this.#lost, code: this.#failure }
    this.#failure = undefined
    this.#lost = 0
    this.#onResumed?.(resumed)
  }

  #failed(code: string): void {
    this.#hasFailed = true
    // A slow reader is no failure until lines are lost by it.
    if (code !== 'EAGAIN') this.#failure = code
    if (code === 'EPIPE') return
    if (this.#isRetrying) return
    this.#isRetrying = true
    const retry = (): void => {
      this.#isRetrying = false
      this.write('')
    }
    setTimeout(retry, code === 'EAGAIN' ? RETRY_AFTER_MS.slow : RETRY_AFTER_MS.failed).unref()
  }

  #drop(lines: string): void {
    const count = lines.split('\n').length - 1
    this.#failure ??= 'EAGAIN'
    this.#lost += count
    this.#lostInAll += count
    this.#hasFailed = true
  }
}

const outputs = new Map<number, LogOutput>()

/** One for all loggers that write to it. */
export function outputOf(fd: 1 | 2): LogOutput {
  const known = outputs.get(fd) ?? new LogOutput(fd)
  outputs.set(fd, known)
  return known
}

export function countLostLines(registry: Registry): void {
  registry.registerMetric(
    new Counter({
      name: 'curfew_log_lines_lost_total',
      help: 'Log lines that found no room in the output of the process',
      registers: [],
      collect() {
        this.reset()
        this.inc(outputs.get(1)?.lostInAll ?? 0)
      },
    }),
  )
}
