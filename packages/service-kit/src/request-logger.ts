/**
 * The logger of one request, which is made when the request has something to say beside the one line that each gets.
 * Promise: what it writes is what a child logger made in advance would have written.
 */
import type { FastifyBaseLogger } from 'fastify'

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
type Level = (typeof LEVELS)[number]
type Bindings = Record<string, unknown>

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the methods are added below, one for each level
export interface RequestLogger extends Pick<FastifyBaseLogger, Level> {}

// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- see above
export class RequestLogger implements FastifyBaseLogger {
  readonly #parent: FastifyBaseLogger
  readonly #bindings: Bindings
  #made: FastifyBaseLogger | undefined

  constructor(parent: FastifyBaseLogger, bindings: Bindings) {
    this.#parent = parent
    this.#bindings = bindings
  }

  static {
    for (const level of LEVELS)
      this.prototype[level] = function log(this: RequestLogger, ...line: unknown[]): void {
        this.#logger[level](...(line as [unknown]))
      }
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
