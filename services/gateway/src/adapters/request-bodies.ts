/**
 * ① Request bodies on their way through: streamed, counted, never held.
 * Promise: no more than the limit passes, a body that stops arriving does not occupy a service, and giving one up never cuts
 * the caller off from the answer.
 */
import type { IncomingMessage } from 'node:http'
import { Transform } from 'node:stream'

import type { BodyFault, RequestBodies, RequestBody } from '../ports.ts'

/** A body of which this much has arrived is worth a place at the service; a shorter one has to be there. */
const FIRST_BYTES = 8 * 1024
/** Within each such time so much has to arrive, or the end. */
const WINDOW_MS = 10_000
const WINDOW_BYTES_MIN = 8 * 1024

const NOTHING: RequestBody = { stream: undefined, fault: undefined, underWay: Promise.resolve() }
const TOO_LARGE: RequestBody = { ...NOTHING, fault: 'too-large' }

export function createRequestBodies(bytesMax: number): RequestBodies {
  return {
    of(request) {
      const { 'transfer-encoding': encoding, 'content-length': length = '0' } = request.headers
      if (Number(length) > bytesMax) return TOO_LARGE
      if (encoding === undefined && Number(length) === 0) return NOTHING
      return new PassingBody(request, bytesMax)
    },
  }
}

class PassingBody implements RequestBody {
  readonly stream: Transform
  fault: BodyFault | undefined
  readonly #underWay = Promise.withResolvers<void>()
  readonly #window: NodeJS.Timeout
  #bytes = 0
  #windowBytes = 0

  constructor(source: IncomingMessage, bytesMax: number) {
    this.stream = new Transform({
      transform: (chunk: Buffer, _encoding, next) => {
        this.#bytes += chunk.length
        this.#windowBytes += chunk.length
        if (this.#bytes > bytesMax) this.#fail('too-large')
        else next(null, chunk)
        if (this.#bytes >= FIRST_BYTES) this.#underWay.resolve()
      },
      flush: (done) => {
        clearTimeout(this.#window)
        this.#underWay.resolve()
        done()
      },
    })
    this.#window = setTimeout(() => this.#endOfWindow(), WINDOW_MS).unref()
    // A reader gets the error too. Without one, an error event must not end the process.
    this.stream.on('error', () => undefined)
    // The service has kept the caller waiting.
    this.stream.on('drain', () => this.#nextWindow())
    // Not a pipeline: that would end the caller's connection together with the one to the service.
    source.pipe(this.stream)
    source.once('close', () => {
      if (!source.complete) this.stream.destroy()
    })
    this.stream.once('close', () => {
      clearTimeout(this.#window)
      this.#underWay.resolve()
      // Leaves the rest of it to the server.
      source.unpipe(this.stream)
    })
  }

  get underWay(): Promise<void> {
    return this.#underWay.promise
  }

  #endOfWindow(): void {
    if (this.#windowBytes < WINDOW_BYTES_MIN && !this.stream.writableNeedDrain) this.#fail('too-slow')
    else this.#nextWindow()
  }

  #nextWindow(): void {
    this.#windowBytes = 0
    this.#window.refresh()
  }

  #fail(fault: BodyFault): void {
    this.fault = fault
    this.stream.destroy(new Error(`the request body is ${fault}`))
  }
}
