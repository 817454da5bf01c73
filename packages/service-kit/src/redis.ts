/**
 * The Redis connection of a process. Apart from the main entry, so that services without Redis do not load its client.
 * Promise: no command is sent twice or after its caller gave up; a RedisUnavailable says that the outcome is unknown.
 */
import { Redis as IoRedis, type Command, type Redis } from 'ioredis'

import type { ReadinessCheck } from './readiness.ts'

export type { Redis } from 'ioredis'

export interface RedisLogger {
  info(fields: object): void
  warn(fields: object): void
}

export interface RedisOptions {
  /** `redis://user:password@host:port`, or `rediss://` for TLS. */
  readonly url: string
  /** Shown by `CLIENT LIST`. */
  readonly name: string
  readonly logger?: RedisLogger
}

/** The command may have been executed. Routes answer it as `unavailable`. */
export class RedisUnavailable extends Error {
  readonly code = 'REDIS_UNAVAILABLE'

  constructor(command: string, cause: Error) {
    super(`${command}: ${cause.message}`, { cause })
    this.name = 'RedisUnavailable'
  }
}

/** Returns at once and keeps connecting for as long as the process lives; until then commands reject. */
export function connectRedis({ url, name, logger }: RedisOptions): Redis {
  const redis = new CarefulRedis(url, {
    connectionName: name,
    // A command that waits in a queue, or is sent again after a reconnect, may take effect after its caller gave up.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 800,
    connectTimeout: 1_000,
    socketTimeout: 2_000,
    enableReadyCheck: true,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000) + Math.random() * 100,
  })
  logConnection(redis, logger)
  return redis
}

/** One line when the connection is lost or cannot be made, one when it is back. */
function logConnection(redis: Redis, logger: RedisLogger | undefined): void {
  let isLost = false
  let err: Error | undefined
  // Without a listener the client would print errors by itself.
  redis.on('error', (error: Error) => (err = error))
  redis.on('reconnecting', () => {
    if (!isLost) logger?.warn({ event: 'redis.connection.lost', ...(err && { err }) })
    isLost = true
  })
  redis.on('ready', () => {
    if (isLost) logger?.info({ event: 'redis.connection.restored' })
    isLost = false
    err = undefined
  })
}

/** Ready when commands can be sent now. */
export function redisReadiness(redis: Redis): ReadinessCheck {
  return { name: 'redis', check: () => redis.status === 'ready' || 'no connection' }
}

/** What a server answers that is there but cannot serve at the moment. */
const PASSING_REFUSAL = /^(?:LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|MISCONF|OOM|TRYAGAIN) /

class CarefulRedis extends IoRedis {
  /** Everything goes through here, pipelines and scripts included. */
  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    rejectAsUnavailable(command)
    return super.sendCommand(command, stream)
  }
}

/** The client's own errors for a lost server are plain ones, to be told from others by their English text alone. */
function rejectAsUnavailable(command: Command): void {
  const { reject } = command
  command.reject = (error) => {
    const isRefusal = error.name === 'ReplyError' && !PASSING_REFUSAL.test(error.message)
    reject(isRefusal || error instanceof RedisUnavailable ? error : new RedisUnavailable(command.name, error))
  }
}
