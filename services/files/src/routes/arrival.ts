/**
 * ⑦ Whether what was sent has arrived, as far as a server can tell.
 * Promise: `arrived` is said when the caller asks for something else, closes in order, or has had time enough on a line that
 * stands; a reset line says `broken`, also when the last byte had left by then.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { CurfewServer } from '@curfew/service-kit'

export interface Arrivals {
  /** @param bytes of the content */
  of(response: ServerResponse, bytes: number): Promise<'arrived' | 'broken'>
}

/**
 * A caller may keep its connection open and idle for as long as it likes. Without a limit to the waiting, the rest of the file
 * could not be requested until then, and a used claim would look as if a download were under way.
 */
const IDLE_MS = 1_000
/** The most bytes that the buffers between server and caller hold when the last byte has been sent. */
const BUFFERED_BYTES_MAX = 16 * 1024 * 1024
const SLOW_BYTES_PER_MS = 1024

export function watchArrivals(app: CurfewServer): Arrivals {
  /** Called by the next request on the same line: who asks again has had the answer before. */
  const next = new WeakMap<Socket, () => void>()
  app.addHook('onRequest', (request, _reply, done) => {
    next.get(request.raw.socket)?.()
    done()
  })

  return {
    of: (response, bytes) =>
      new Promise((resolve) => {
        const { socket } = response
        if (socket === null || socket.destroyed) return resolve('broken')
        const waitMs = IDLE_MS + Math.min(bytes, BUFFERED_BYTES_MAX) / SLOW_BYTES_PER_MS
        letCallerClose(socket, waitMs)
        socket.once('close', (hadError) =>
          resolve(response.writableFinished && !hadError ? 'arrived' : 'broken'),
        )
        response.once('close', () => {
          if (!response.writableFinished) return resolve('broken')
          next.set(socket, () => resolve('arrived'))
          const timer = setTimeout(resolve, waitMs, 'arrived').unref()
          socket.once('close', () => clearTimeout(timer))
        })
      }),
  }
}

/**
 * After a response with `Connection: close` Node closes both directions at once, and never learns of a reset. This closes only
 * the server's direction, so that the server sees whether the caller ends the connection in order.
 */
function letCallerClose(socket: Socket, waitMs: number): void {
  socket.destroySoon = () => {
    socket.end()
    const timer = setTimeout(() => socket.destroy(), waitMs).unref()
    socket.once('close', () => clearTimeout(timer))
  }
}
