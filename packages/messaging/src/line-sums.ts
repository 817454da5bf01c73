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

interface Sum {
  readonly line: Line
  readonly write: Write
  more: number
}

export class LineSums {
  #sums = new Map<string, Sum>()
  #timer: NodeJS.Timeout | undefined
  /** A sum belongs to no single request, so that its line carries no request's id. */
  readonly #outside = AsyncLocalStorage.snapshot()

  /** @param write one level of a logger */
  note(line: Line, write: Write): void {
    const kind = JSON.stringify([line.event, line.subject, line.err instanceof Error && line.err.message])
    this.#timer ??= this.#outside(() => setTimeout(() => this.end(), WINDOW_MS))
    const known = this.#sums.get(kind)
    if (known === undefined && this.#sums.size < KINDS_MAX) {
      this.#sums.set(kind, { line, write, more: 0 })
      return write(line)
    }
    const sum = known ?? this.#restOf(line, write)
    sum.more += 1
  }

  /** The kinds without a place of their own: no subject or error speaks for them all. */
  #restOf({ event, request }: Line, write: Write): Sum {
    const rest = this.#sums.get(event) ?? {
      line: { event, ...(request !== undefined && { request }) },
      write,
      more: 0,
    }
    this.#sums.set(event, rest)
    return rest
  }

  /** Writes the counts of this window and begins another one. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const sums = this.#sums
    this.#sums = new Map()
    for (const { line, write, more } of sums.values())
      if (more > 0) write({ ...line, count: more, windowMs: WINDOW_MS })
  }
}
