/**
 * The logger of one request, which is made when the request has something to say beside the one line that each gets.
 * Promise: what it writes is what a child logger made in advance would have written, except that what a request is refused for
 * waits for the request's own line: a refusal, which anybody can cause, costs one line.
 */
import type { FastifyBaseLogger } from 'fastify'

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
type Level = (typeof LEVELS)[number]
type Bindings = Record<string, unknown>

/** The reason why a request is refused, as one of its lines. */
export interface HeldLine {
  readonly level: 'info' | 'warn'
  readonly fields: Bindings & { readonly event: string }
}

/** A request has a few at most; whatever comes after these is written at once. */
const HELD_MAX = 4
const REFUSALS = /\.(?:busy|refused|repeated|throttled|unsure)$/

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the methods are added below, one for each level
export interface RequestLogger extends Pick<FastifyBaseLogger, Level> {}

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- see above
export class RequestLogger implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Bindings
  readonly #held: HeldLine[] = []
  #mayHold: () => boolean = () => false
  #made: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: Bindings) {
    this.#parent = parent
    this.#bindings = bindings
  }

  static {
    for (const level of LEVELS)
      this.prototype[level] = function log(this: RequestLogger, ...line: unknown[]): void {
        if (!this.#holds(level, line)) this.#logger[level](...(line as [unknown]))
      }
  }

  /** From now on refusals wait for `release`, if they may: what is said in the middle of an answer is not what it was refused for. */
  hold(mayHold: () => boolean): void {
    this.#mayHold = mayHold
  }

  /** Returns the waiting lines, oldest first. Later lines are written at once. */
  release(): readonly HeldLine[] {
    this.#mayHold = () => false
    return this.#held.splice(0)
  }

  #holds(level: Level, [fields, ...rest]: readonly unknown[]): boolean {
    const isHeld =
      (level === 'warn' || level === 'info') &&
      rest.length === 0 &&
      this.#held.length < HELD_MAX &&
      isRefusal(fields) &&
      this.#mayHold()
    if (isHeld) this.#held.push({ level, fields })
    return isHeld
  }

  child(...settings: Parameters<FastifyBaseLogger['child']>): FastifyBaseLogger {
    return this.#logger.child(...settings)
  }

  get level(): string {
    return this.#logger.level
  }

  set level(level: string) {
    this.#logger.level = level
  }

  get #logger(): FastifyBaseLogger {
    return (this.#made ??= this.#parent.child(this.#bindings))
  }
}

function isRefusal(fields: unknown): fields is HeldLine['fields'] {
  if (typeof fields !== 'object' || fields === null || !('event' in fields)) return false
  return typeof fields.event === 'string' && REFUSALS.test(fields.event)
}
