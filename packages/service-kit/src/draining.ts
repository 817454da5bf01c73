/**
 * How a server stops: the requests under way finish, and no connection outlives them.
 * Promise: closing takes as long as the slowest request under way, not as long as callers keep connections open.
 */
import type { FastifyReply } from 'fastify'

import type { CurfewServer } from './http-server.ts'

export interface Draining {
  /** True from when `close()` was called. */
  isStopping(): boolean
}

const IDLE_CHECK_INTERVAL_MS = 50

export function drainOnClose(app: CurfewServer): Draining {
  let isStopping = false
  let timer: NodeJS.Timeout | undefined

  app.addHook('preClose', (done) => {
    isStopping = true
    // Node closes only the connections that are idle at this moment. One whose response was already on its way when
    // the stop came would be kept open for the whole keep-alive time after it.
    timer = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_INTERVAL_MS)
    done()
  })
  app.addHook('onClose', (_, done) => {
    clearInterval(timer)
    done()
  })
  app.addHook('onSend', (_, reply: FastifyReply, payload, done) => {
    // Tells the caller not to send its next request into a connection that is about to go.
    if (isStopping) reply.header('connection', 'close')
    done(null, payload)
  })
  return { isStopping: () => isStopping }
}
