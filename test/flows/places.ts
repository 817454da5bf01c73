/**
 * ①–⑦ Everything that the running system has written down: log files, metrics, Redis, JetStream.
 */
import { readFile } from 'node:fs/promises'

import type { TestSystem } from '@curfew/test-kit'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { Redis } from 'ioredis'

export interface Place {
  readonly name: string
  readonly text: string
}

export async function logs(system: TestSystem): Promise<Place[]> {
  const names = Object.values(system.services.replicas).flatMap((replicas) =>
    replicas.map(({ name }) => name),
  )
  return Promise.all(
    names.map(async (name) => ({
      name: `log of ${name}`,
      text: await readFile(system.logFile(name), 'utf8'),
    })),
  )
}

export async function metrics(system: TestSystem): Promise<Place[]> {
  return Promise.all(
    Object.values(system.services.replicas)
      .flat()
      .map(async ({ name, operationsUrl }) => {
        const response = await fetch(new URL('/metrics', operationsUrl))
        return { name: `metrics of ${name}`, text: await response.text() }
      }),
  )
}

/** Every key with its value. */
export async function redisDump(system: TestSystem): Promise<Place[]> {
  const redis = new Redis(system.servers.redisUrl('admin'))
  try {
    const keys = await redis.keys('*')
    return await Promise.all(
      keys.map(async (key) => ({
        name: `Redis ${key}`,
        text: JSON.stringify([key, await valueOf(redis, key)]),
      })),
    )
  } finally {
    redis.disconnect()
  }
}

async function valueOf(redis: Redis, key: string): Promise<unknown> {
  const type = await redis.type(key)
  switch (type) {
    case 'string':
      return redis.get(key)
    case 'hash':
      return redis.hgetall(key)
    case 'zset':
      return redis.zrange(key, '0', '-1', 'WITHSCORES')
    case 'set':
      return redis.smembers(key)
    case 'list':
      return redis.lrange(key, 0, -1)
    case 'none':
      return null
    default:
      throw new Error(`nobody has looked into a ${type} yet`)
  }
}

/** Every message of every stream of every account, headers included. */
export async function streamDump(system: TestSystem): Promise<Place[]> {
  const places = await Promise.all(
    (['admin', 'gateway_admin'] as const).map((user) => streamsOf(system, user)),
  )
  return places.flat()
}

async function streamsOf(system: TestSystem, user: Administrator): Promise<Place[]> {
  await using nc = await connectAs(system, user)
  const manager = await jetstreamManager(nc)
  const places: Place[] = []
  for await (const { config, state } of manager.streams.list())
    for (let seq = Math.max(1, state.first_seq); seq <= state.last_seq; seq++) {
      const message = await manager.streams.getMessage(config.name, { seq })
      if (message === null) continue
      const headers = [...message.header].map(([name, values]) => `${name}: ${values.join()}`)
      const text = [message.subject, ...headers, message.string()].join('\n')
      places.push({ name: `stream ${config.name} ${seq}`, text })
    }
  return places
}

export interface Capture extends AsyncDisposable {
  readonly places: readonly Place[]
}

/** What everybody who follows the log hears. */
export async function captureFeed(system: TestSystem): Promise<Capture> {
  const nc = await connectAs(system, 'admin')
  const places: Place[] = []
  nc.subscribe('curfew.*.feed.>', {
    callback: (_, message) => {
      places.push({ name: `feed ${message.subject}`, text: `${message.subject}\n${message.string()}` })
    },
  })
  await nc.flush()
  return { places, [Symbol.asyncDispose]: () => nc.close() }
}

type Administrator = 'admin' | 'gateway_admin'

function connectAs(system: TestSystem, user: Administrator): Promise<NatsConnection & AsyncDisposable> {
  const { hostname, port, username, password } = new URL(system.servers.natsUrl(user))
  return connect({ servers: `${hostname}:${port}`, user: username, pass: password }).then((nc) =>
    Object.assign(nc, { [Symbol.asyncDispose]: () => nc.close() }),
  )
}
