/**
 * Limits request bodies that arrive too slowly, too many at a time, or that no route reads to their end.
 * Promise: a caller that is answered before it has sent everything can read the answer, and the server reads no more of
 * the rest than these bounds allow.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { onBehalfOf } from '@curfew/contracts'

import { ArrivingBodies, type ArrivingLimits } from './arriving-bodies.ts'
import type { CurfewServer } from './curfew-server.ts'
import { Problem } from './problem.ts'

/** A body that the server reads as a whole has to arrive within this time. */
const ARRIVAL_MS = 20_000
/** How long a caller may go on sending after its answer. */
const LINGER_MS = 5_000
/** How much of it is read; then TCP makes the caller wait. */
const LINGER_BYTES_MAX = 1024 * 1024
/** The rest of a body of this length is read so that the connection can be kept. */
const SHORT_BYTES = 64 * 1024

export function limitBodies(app: CurfewServer, limits: ArrivingLimits): void {
  const arriving = new ArrivingBodies(limits)
  app.server.prependListener('request', (request, response) => {
    if (!hasBody(request)) return
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
    limitArrival(request, response)
    if (encoding !== undefined || Number(length) > SHORT_BYTES) closeUnlessRead(request, response)
    // Before Node's own listener, which would read the rest without a bound, or close the connection at once.
    response.prependOnceListener('finish', () => {
      if (!request.complete) linger(request)
    })
  })
  const endWaits = new WeakMap<IncomingMessage, () => void>()
  // Not earlier: while the service decides whether to let the caller in, it is not the body that is late.
  app.addHook('preParsing', ({ id, ip, raw: request }, { raw: response }, _payload, done) => {
    // A connection that is over by now has no address, and its response closes no second time.
    if (!hasBody(request) || response.destroyed) return done()
    const endWait = arriving.add(ip, () => onBehalfOf(id, () => cutOff(request)))
    endWaits.set(request, endWait)
    response.once('close', endWait)
    done()
  })
  app.addHook('preValidation', ({ raw: request }, _reply, done) => {
    // From here on a route takes the body as it comes, and sets a limit of its own.
    limitNoLonger(request)
    endWaits.get(request)?.()
    done()
  })
}

function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = headers
  return encoding !== undefined || (length !== undefined && length !== '0')
}

const arrival = Symbol('service-kit.arrival')

interface Arriving {
  [arrival]?: NodeJS.Timeout
}

function limitArrival(request: IncomingMessage & Arriving, response: ServerResponse): void {
  const timer = (request[arrival] = setTimeout(() => cutOff(request), ARRIVAL_MS).unref())
  request.once('end', () => clearTimeout(timer))
  response.once('close', () => clearTimeout(timer))
}

function limitNoLonger(request: IncomingMessage & Arriving): void {
  if (request[arrival] !== undefined) clearTimeout(request[arrival])
}

function cutOff(request: IncomingMessage): void {
  // The parser answers and reads no further; destroying the request would destroy the connection.
  if (request.listenerCount('error') > 0) request.emit('error', new Problem('request-timeout'))
  else request.destroy()
}

/** The next request can follow only behind the whole body. */
function closeUnlessRead(request: IncomingMessage, response: ServerResponse): void {
  const isKept = response.shouldKeepAlive
  response.shouldKeepAlive = false
  request.once('end', () => {
    if (!response.headersSent) response.shouldKeepAlive = isKept
  })
}

/**
 * Closing a connection with unread bytes resets it, and the reset can take the answer with it. So the server ends its own
 * side first, and the connection when the caller has stopped sending or the time is up.
 */
function linger(request: IncomingMessage): void {
  const { socket } = request
  const destroySoon = socket.destroySoon.bind(socket)
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.once('close', () => clearTimeout(timer))

  let isLast = false
  // Called where the connection is not kept.
  socket.destroySoon = () => {
    isLast = true
    socket.end()
  }
  let bytes = 0
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > LINGER_BYTES_MAX) request.pause()
  })
  request.once('end', () => {
    clearTimeout(timer)
    socket.destroySoon = destroySoon
    if (isLast) socket.destroySoon()
  })
  // Node discards the rest of a request only if nobody has begun to read it.
  request.read()
  request.resume()
}
