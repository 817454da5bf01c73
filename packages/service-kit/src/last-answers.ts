/**
 * Connections on which a last answer is on its way.
 * Promise: nothing that follows an answer with `Connection: close` is executed (RFC 9112 §9.6).
 */
import type { Socket } from 'node:net'

import type { CurfewServer } from './curfew-server.ts'

/** Adds the connections to `lastAnswered`. To be called before other hooks are added: they do not see what is passed over. */
export function passOverWhatFollows(app: CurfewServer, lastAnswered: WeakSet<Socket>): void {
  // Node goes on parsing what has come in the same packet, and would drop the answers.
  app.addHook('onRequest', (request, reply, done) => {
    if (lastAnswered.has(request.raw.socket)) void reply.hijack()
    else done()
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    if (reply.getHeader('connection') === 'close') lastAnswered.add(request.raw.socket)
    done(null, payload)
  })
}
