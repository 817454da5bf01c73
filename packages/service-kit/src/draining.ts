/**
 * How a server stops: it says so first, then the requests under way finish, and no connection outlives them.
 * Promise: closing takes as long as the slowest request under way, not as long as callers keep connections open.
 */
import type { Socket } from 'node:net'

import type { CurfewServer } from './curfew-server.ts'

export interface Draining {
  /** From here on the server is not ready and keeps no connection, but still answers: balancers have time to notice. */
  leave(): void
  isLeaving(): boolean
  /** True from when `close()` was called. */
  isStopping(): boolean
}

const IDLE_CHECK_INTERVAL_MS = 50
/** For a request of which a part has arrived: time to arrive and be refused. */
const GRACE_MS = 1_000

export function drainOnClose(app: CurfewServer): Draining {
  const connections = countRequests(app)
  let isLeaving = false
  let isStopping = false
  const timers: NodeJS.Timeout[] = []

  app.addHook('preClose', (done) => {
    isLeaving = true
    isStopping = true
    // Node closes the connections that are idle at this moment and then waits for the others: for one whose response
    // ends later, the whole keep-alive time; for one on which no request has ever come, without any limit.
    timers.push(
      setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_INTERVAL_MS),
      setTimeout(() => closeUnused(connections), GRACE_MS),
    )
    done()
  })
  app.addHook('onClose', (_, done) => {
    for (const timer of timers) clearTimeout(timer)
    done()
  })
  // Tells the caller not to send its next request into a connection that is about to go.
  app.server.prependListener('request', (_request, response) => {
    if (isLeaving) response.shouldKeepAlive = false
  })
  app.addHook('onSend', (_, reply, payload, done) => {
    if (isLeaving) void reply.header('connection', 'close')
    done(null, payload)
  })
  return {
    leave: () => void (isLeaving = true),
    isLeaving: () => isLeaving,
    isStopping: () => isStopping,
  }
}

/** The open connections, and how many requests are under way on each. */
function countRequests(app: CurfewServer): ReadonlyMap<Socket, number> {
  const connections = new Map<Socket, number>()
  app.server.on('connection', (socket: Socket) => {
    connections.set(socket, 0)
    socket.once('close', () => connections.delete(socket))
  })
  const add = (socket: Socket, difference: number): void => {
    const count = connections.get(socket)
    if (count !== undefined) connections.set(socket, count + difference)
  }
  app.server.on('request', ({ socket }, response) => {
    add(socket, 1)
    response.once('close', () => add(socket, -1))
  })
  return connections
}

function closeUnused(connections: ReadonlyMap<Socket, number>): void {
  for (const [socket, count] of connections) if (count === 0) socket.destroy()
}
