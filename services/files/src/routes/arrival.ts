/**
 * ⑦ Whether what was sent has arrived, as far as a server can tell.
 * Promise: `arrived` is said when the caller asks for something else or closes in order; a reset line says `broken`, also
 * when the last byte had left by then.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { CurfewServer } from '@curfew/service-kit'

export interface Arrivals {
  of(response: ServerResponse): Promise<'arrived' | 'broken'>
}

export function watchArrivals(app: CurfewServer): Arrivals {
  /** Called by the next request on the same line: who asks again has had the answer before. */
  const next = new WeakMap<Socket, () => void>()
  app.addHook('onRequest', (request, _reply, done) => {
    next.get(request.raw.socket)?.()
    done()
  })

  return {
    of: (response) =>
      new Promise((resolve) => {
        const { socket } = response
        if (socket === null || socket.destroyed) return resolve('broken')
        socket.once('close', (hadError) =>
          resolve(response.writableFinished && !hadError ? 'arrived' : 'broken'),
        )
        response.once('close', () => {
          if (response.writableFinished) next.set(socket, () => resolve('arrived'))
          else resolve('broken')
        })
      }),
  }
}
