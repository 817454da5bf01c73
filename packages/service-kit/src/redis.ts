/**
 * The Redis connection of a process. Apart from the main entry, so that services without Redis do not load its client.
 * Promise: no command is sent twice or after its caller gave up; a RedisUnavailable says that the outcome is unknown.
 */
import { Redis as IoRedis, type Command, type Redis } from 'ioredis'

import type { ReadinessCheck } from './readiness.ts'
import { isAboutTheCommand, mayHaveMoved, refusalCode } from './redis-refusals.ts'

export type { Redis } from 'ioredis'

export interface RedisLogger {
  info(fields: object): void
  warn(fields: object): void
  error(fields: object): void
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
    // A service's user is not permitted to, and the server would note each refusal.
    disableClientInfo: true,
    // A command that waits in a queue, or is sent again after a reconnect, may take effect after its caller gave up.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 800,
    connectTimeout: 1_000,
    socketTimeout: 2_000,
    enableReadyCheck: true,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 5), 1_000) + Math.random() * 100,
    reconnectOnError: renewal((reason) => {
      log.isRenewing = true
      logger?.warn({ event: 'redis.connection.renewed', reason })
    }),
  })
  const log = logConnection(redis, logger)
  redis.on('ready', () => void warnOfEviction(redis, logger))
  return redis
}

const RENEW_AFTER_MS = 1_000
const RENEW_AFTER_MS_MAX = 30_000

/**
 * A server that was the primary keeps its connections when another one takes its place behind the same address, and refuses
 * writes from then on: only a new connection reaches the new primary. Each renewal costs the commands under way, so that
 * the next one waits longer while the address leads to the same server.
 */
function renewal(onRenew: (reason: string | undefined) => void): (error: Error) => boolean {
  let lastMs = -Infinity
  let waitMs = RENEW_AFTER_MS
  return (error) => {
    const sinceMs = performance.now() - lastMs
    if (!mayHaveMoved(error) || sinceMs < waitMs) return false
    waitMs = sinceMs > 2 * RENEW_AFTER_MS_MAX ? RENEW_AFTER_MS : Math.min(2 * waitMs, RENEW_AFTER_MS_MAX)
    lastMs = performance.now()
    onRenew(refusalCode(error))
    return true
  }
}

/** One line when the connection is lost or cannot be made, one when it is back; none about one that is renewed. */
function logConnection(redis: Redis, logger: RedisLogger | undefined): { isRenewing: boolean } {
  const log = { isRenewing: false }
  let isLost = false
  let err: Error | undefined
  // Without a listener the client would print errors by itself.
  redis.on('error', (error: Error) => (err = error))
  redis.on('reconnecting', () => {
    if (log.isRenewing) log.isRenewing = false
    else {
      if (!isLost) logger?.warn({ event: 'redis.connection.lost', ...(err && { err }) })
      isLost = true
    }
  })
  redis.on('ready', () => {
    if (isLost) logger?.info({ event: 'redis.connection.restored' })
    isLost = false
    err = undefined
  })
  return log
}

/** Ready when the server takes writes now and evicts nothing. @param prefix of the keys that the user may write */
export function redisReadiness(redis: Redis, prefix: string): ReadinessCheck {
  return {
    name: 'redis',
    check: async () => {
      if (redis.status !== 'ready') return 'no connection'
      try {
        // A write for the server's checks, and yet none: nothing has this name.
        await redis.set(`${prefix}absent`, '', 'XX')
      } catch (error) {
        return `refuses writes: ${refusalCode(error) ?? 'no answer'}`
      }
      const policy = await evictionPolicy(redis)
      return policy === undefined || policy === KEEPS_EVERYTHING || `evicts keys: ${policy}`
    },
  }
}

const KEEPS_EVERYTHING = 'noeviction'

/** @throws when the server may evict keys: what it forgets without telling anybody cannot be relied on. */
export async function refuseEviction(redis: Redis): Promise<void> {
  const policy = await evictionPolicy(redis)
  if (policy !== undefined && policy !== KEEPS_EVERYTHING)
    throw new Error(
      `Redis may evict keys: its maxmemory-policy is ${policy}, and must be ${KEEPS_EVERYTHING}`,
    )
}

/** From INFO, because managed servers deny CONFIG. Undefined where the server does not say. */
async function evictionPolicy(redis: Redis): Promise<string | undefined> {
  return /^maxmemory_policy:(\S+)/m.exec(await redis.info('memory'))?.[1]
}

async function warnOfEviction(redis: Redis, logger: RedisLogger | undefined): Promise<void> {
  try {
    const policy = await evictionPolicy(redis)
    if (policy === undefined) logger?.warn({ event: 'redis.eviction-unknown' })
    else if (policy !== KEEPS_EVERYTHING) logger?.error({ event: 'redis.evicts-keys', policy })
  } catch {
    // Lost again; the next connection asks again.
  }
}

class CarefulRedis extends IoRedis {
  /** Why the transaction that is being sent will be discarded: its EXEC says only that it was. */
  #discardedBy: Error | undefined

  /** Everything goes through here, pipelines and scripts included. */
  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    this.#rejectAsUnavailable(command)
    return super.sendCommand(command, stream)
  }

  /** The client's own errors for a lost server are plain ones, to be told from others by their English text alone. */
  #rejectAsUnavailable(command: Command): void {
    const { reject } = command
    command.reject = (error) => {
      const reason = this.#reasonOf(command, error)
      reject(
        isAboutTheCommand(reason) || reason instanceof RedisUnavailable
          ? reason
          : new RedisUnavailable(command.name, reason),
      )
    }
  }

  /** Answers come in the order of the commands, so what was refused before an EXEC belongs to its transaction. */
  #reasonOf(command: Command, error: Error): Error {
    if (command.name === 'multi') this.#discardedBy = undefined
    if (command.name !== 'exec') {
      if (command.inTransaction) this.#discardedBy ??= error
      return error
    }
    const reason = refusalCode(error) === 'EXECABORT' ? (this.#discardedBy ?? error) : error
    this.#discardedBy = undefined
    return reason
  }
}
