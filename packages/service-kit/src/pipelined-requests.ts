/**
 * Requests that a client sends before it has the answer to the one before (RFC 9112 §9.3.2).
 * Promise: one connection is worked for one request at a time, in order. So each response that is being made has its connection
 * and closes with it, which Node leaves out for responses that wait behind another one. The framework sees a request only when
 * its turn has come, and none of a connection that is over.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http'
import type { Socket } from 'node:net'

/** Requests that may wait on one connection. Clients of today send none ahead. */
const WAITING_MAX = 32

/**
 * Hands each request of the server on to `handle` when the responses before it are sent; never, where the connection ends earlier.
 * @param lastAnswered connections on which a last answer is on its way: nothing that follows it is executed
 */
export function createServerOfTurns(
  options: ServerOptions,
  handle: RequestListener,
  lastAnswered: WeakSet<Socket>,
): Server {
  const isOver = (socket: Socket): boolean => socket.destroyed || lastAnswered.has(socket)
  const waiting = new WeakMap<Socket, number>()
  const server = createServer(options, (request, response) => {
    const { socket } = request
    if (isOver(socket)) return
    if (response.socket !== null) return handle(request, response)
    const count = (waiting.get(socket) ?? 0) + 1
    if (count > WAITING_MAX) return void socket.destroy()
    waiting.set(socket, count)
    response.once('socket', () => {
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1)
      handle(request, response)
    })
  })
  return server.on('connection', (socket: ParsedSocket) => stopParsing(socket, isOver))
}

interface ParsedSocket extends Socket {
  readonly parser?: { onIncoming: (request: IncomingMessage, isKept: boolean) => number } | null
}

/** Tells Node's parser that no more HTTP follows, as after an upgrade. */
const NO_MORE_HTTP = 2

/**
 * A packet holds more than a thousand short requests. Node goes on parsing it when the connection is over, at the cost of all the
 * objects of a request each time, and has no public way to stop.
 */
function stopParsing(socket: ParsedSocket, isOver: (socket: Socket) => boolean): void {
  const { parser } = socket
  if (typeof parser?.onIncoming !== 'function') return
  const { onIncoming } = parser
  parser.onIncoming = (request, isKept) => (isOver(socket) ? NO_MORE_HTTP : onIncoming(request, isKept))
}
