/**
 * Log lines that a caller can cause with each message: the first of a kind is written at once, the others as one line with a
 * count when the window ends.
 * Promise: whatever is sent, a window costs a bounded number of lines.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

const WINDOW_MS = 10_000
/** Kinds that are told apart in a window; the others share one line. */
const KINDS_MAX = 16

interface Line {
  readonly event: string
  readonly request?: string
  readonly subject?: string
  readonly err?: unknown
}

type Write = (fields: object) => void

export class LineSums {
  #sums = new Map<string, { readonly line: Line; readonly write: Write; more: number }>()
  #timer: NodeJS.Timeout | undefined
  /** What is counted belongs to no single request. */
  readonly #outside = AsyncLocalStorage.snapshot()

  /** @param write one level of a logger */
  note(line: Line, write: Write): void {
    const kind = JSON.stringify([line.event, line.subject, line.err instanceof Error && line.err.message])
    const isKnown = this.#sums.has(kind) || this.#sums.size >= KINDS_MAX
    if (!isKnown) write(line)
    this.#timer ??= this.#outside(() => setTimeout(() => this.end(), WINDOW_MS))
    const key = isKnown && !this.#sums.has(kind) ? line.event : kind
    const sum = this.#sums.get(key) ?? { line, write, more: 0 }
    this.#sums.set(key, sum)
    if (isKnown) sum.more += 1
  }

  /** Writes what has been counted. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const sums = this.#sums
    this.#sums = new Map()
    for (const { line, write, more } of sums.values())
      if (more > 0) write({ ...line, count: more, windowMs: WINDOW_MS })
  }
}
