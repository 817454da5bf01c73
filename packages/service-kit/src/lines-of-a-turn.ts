/**
 * Log lines on their way to a file descriptor: all lines that one turn of the event loop writes leave in one system call.
 * Promise: in order, none later than the end of its turn, and none lost by a process that ends in any way but by force.
 */
import type { DestinationStream } from 'pino'

/** Of one write: beyond this the lines leave at once. */
const CHARACTERS_MAX = 64 * 1024

export class LinesOfATurn implements DestinationStream {
  readonly #destination: DestinationStream
  #waiting = ''

  constructor(destination: DestinationStream) {
    this.#destination = destination
    process.once('exit', () => this.flushSync())
  }

  write(line: string): void {
    if (this.#waiting === '') setImmediate(() => this.flushSync())
    this.#waiting += line
    if (this.#waiting.length > CHARACTERS_MAX) this.flushSync()
  }

  /** Pino calls it after a line of level `fatal` as well. */
  flushSync(): void {
    const lines = this.#waiting
    if (lines === '') return
    this.#waiting = ''
    this.#destination.write(lines)
  }
}
