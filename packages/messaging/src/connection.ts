/**
 * The one NATS connection of a process, with the settings that keep a half-open or restarted server from going unnoticed.
 * Promise: it reconnects for as long as the process lives, and says in the log when it is without a server.
 */
import { connect, type NatsConnection, type Status } from '@nats-io/transport-node'

import { inboxPrefix, parseServerAddress } from './server-address.ts'

/** The part of a pino logger that this package needs. */
export interface MessagingLogger {
  info(fields: object): void
  warn(fields: object): void
  error(fields: object): void
}

export interface MessagingOptions {
  /** `nats://user:password@host:port[,host:port]`, or `tls://` to insist on TLS. */
  readonly url: string
  /** Shown by the server beside the connection. */
  readonly name: string
  readonly logger?: MessagingLogger
}

const down = new WeakSet<NatsConnection>()

/** Connects, or rejects when no server can be reached now. Close with `drain()`. */
export async function connectMessaging(options: MessagingOptions): Promise<NatsConnection> {
  const { servers, credentials, tls } = parseServerAddress(options.url)
  const nc = await connect({
    servers,
    name: options.name,
    ...(credentials && {
      user: credentials.user,
      pass: credentials.password,
      inboxPrefix: inboxPrefix(credentials.user),
    }),
    ...(tls && { tls: {} }),
    timeout: 3_000,
    waitOnFirstConnect: false,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    // Without this, two refused logins in a row (a password rotated on one side first) end the connection for good.
    ignoreAuthErrorAbort: true,
    pingInterval: 3_000,
    maxPingOut: 2,
  })
  void follow(nc, options.logger)
  return nc
}

/** False from when the loss of the server was noticed until a server is back. For readiness checks and fast refusals. */
export function isConnected(nc: NatsConnection): boolean {
  return !nc.isClosed() && !down.has(nc)
}

async function follow(nc: NatsConnection, logger: MessagingLogger | undefined): Promise<void> {
  for await (const status of nc.status()) {
    if (status.type === 'disconnect') down.add(nc)
    if (status.type === 'reconnect') down.delete(nc)
    if (logger) report(status, logger)
  }
}

function report(status: Status, logger: MessagingLogger): void {
  switch (status.type) {
    case 'disconnect':
      logger.warn({ event: 'nats.connection.lost', server: status.server })
      break
    case 'reconnect':
      logger.info({ event: 'nats.connection.restored', server: status.server })
      break
    case 'staleConnection':
      logger.warn({ event: 'nats.connection.stale' })
      break
    case 'error':
      logger.error({ event: 'nats.connection.error', err: status.error })
      break
    case 'slowConsumer':
      logger.warn({ event: 'nats.consumer.slow', subject: status.sub.getSubject(), pending: status.pending })
      break
    case 'reconnecting':
    case 'forceReconnect':
    case 'update':
    case 'ldm':
    case 'ping':
    case 'close':
      break
  }
}
