/**
 * Connections on which a last answer is on its way.
 * Promise: nothing that follows an answer with `Connection: close` is executed (RFC 9112 §9.6).
 */
import type { Socket } from 'node:net'

import type { CurfewServer } from './curfew-server.ts'

/** Adds the connections to `lastAnswered`. */
export function noteLastAnswers(app: CurfewServer, lastAnswered: WeakSet<Socket>): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.getHeader('connection') === 'close') lastAnswered.add(request.raw.socket)
    done(null, payload)
  })
}
