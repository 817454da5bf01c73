/**
 * How many connections a server holds.
 * Promise: no address takes all of them; a proxy that is trusted speaks for many callers and is bounded with all others only.
 */
import type { Socket } from 'node:net'

import { Counter, type Registry } from 'prom-client'

import { addressKey } from './address-class.ts'
import type { CurfewServer } from './curfew-server.ts'

export interface ConnectionLimits {
  readonly registry: Registry
  readonly connectionsMax: number
  readonly isTrustedProxy: (address: string) => boolean
}

/** Of all connections, so many may come from one address. */
const SHARE_OF_ONE_ADDRESS = 1 / 4

export function limitConnections(app: CurfewServer, limits: ConnectionLimits): void {
  const { connectionsMax, isTrustedProxy } = limits
  const perAddressMax = Math.ceil(connectionsMax * SHARE_OF_ONE_ADDRESS)
  const counts = new Map<string, number>()
  const refused = refusalCounter(limits.registry)

  app.server.maxConnections = connectionsMax
  app.server.on('drop', () => refused.inc({ reason: 'all' }))
  app.server.on('connection', (socket: Socket) => {
    const { remoteAddress: address = '' } = socket
    if (isTrustedProxy(address)) return
    const key = addressKey(address)
    const count = counts.get(key) ?? 0
    if (count >= perAddressMax) {
      refused.inc({ reason: 'address' })
      socket.destroy()
      return
    }
    counts.set(key, count + 1)
    socket.once('close', () => {
      const left = (counts.get(key) ?? 1) - 1
      if (left === 0) counts.delete(key)
      else counts.set(key, left)
    })
  })
}

const REFUSED = 'http_connections_refused_total'

function refusalCounter(registry: Registry): Counter<'reason'> {
  const existing = registry.getSingleMetric(REFUSED)
  if (existing instanceof Counter) return existing
  return new Counter({
    name: REFUSED,
    help: 'Connections that were closed at once, because there were too many: of one address, or of all',
    labelNames: ['reason'],
    registers: [registry],
  })
}
