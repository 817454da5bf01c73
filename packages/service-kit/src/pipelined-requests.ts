/**
 * Requests that a client sends before it has the answer to the one before (RFC 9112 §9.3.2).
 * Promise: one connection is worked for one request at a time, in order. So each response that is being made has its connection
 * and closes with it, which Node leaves out for responses that wait behind another one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests that may wait on one connection. Clients of today send none ahead. */
const WAITING_MAX = 32

export type Turns = (request: IncomingMessage, response: ServerResponse, begin: () => void) => void

/** Calls `begin` when the responses before this one are sent; never, where the connection ends earlier. */
export function createTurns(): Turns {
  const waiting = new WeakMap<Socket, number>()
  return ({ socket }, response, begin) => {
    if (response.socket !== null) return begin()
    const count = (waiting.get(socket) ?? 0) + 1
    if (count > WAITING_MAX) return void socket.destroy()
    waiting.set(socket, count)
    response.once('socket', () => {
      waiting.set(socket, (waiting.get(socket) ?? 1) - 1)
      begin()
    })
  }
}
