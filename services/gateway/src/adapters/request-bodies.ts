/**
 * ① Request bodies on their way through: streamed, counted, never held.
 * Promise: no more than the limit passes, and giving one up never cuts the caller off from the answer.
 */
import type { IncomingMessage } from 'node:http'
import { Transform } from 'node:stream'

import type { RequestBodies, RequestBody } from '../ports.ts'

/** How long a caller may go on sending what nobody reads, so that it gets to see the answer. */
const LINGER_MS = 5_000

export function createRequestBodies(bytesMax: number): RequestBodies {
  return {
    of(request) {
      const { 'transfer-encoding': encoding, 'content-length': length = '0' } = request.headers
      if (Number(length) > bytesMax) return { stream: undefined, isTooLarge: true }
      if (encoding === undefined && Number(length) === 0) return { stream: undefined, isTooLarge: false }
      return counted(request, bytesMax)
    },
  }
}

function counted(source: IncomingMessage, bytesMax: number): RequestBody {
  let bytes = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      bytes += chunk.length
      if (bytes > bytesMax) next(new Error('the request body is larger than what is passed on'))
      else next(null, chunk)
    },
  })
  // Whoever reads it is told as well; while nobody does, an error must not end the process.
  stream.on('error', () => undefined)
  // Not a pipeline: that would end the caller's connection together with the one to the service. A caller that goes away
  // is noticed by the signal of its response.
  source.pipe(stream)
  stream.once('close', () => {
    source.unpipe(stream)
    if (!source.readableEnded) discardRest(source)
  })
  return {
    stream,
    get isTooLarge() {
      return bytes > bytesMax
    },
  }
}

function discardRest(source: IncomingMessage): void {
  const timer = setTimeout(() => source.destroy(), LINGER_MS)
  timer.unref()
  for (const event of ['end', 'close']) source.once(event, () => clearTimeout(timer))
  source.resume()
}
