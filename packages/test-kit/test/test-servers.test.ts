/**
 * ④ ⑤ The servers that every other test stands on: the same handles whichever way they run.
 */
import { connect as connectSocket } from 'node:net'
import { networkInterfaces } from 'node:os'

import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { chooseServers, startTestServers, type TestServers } from '../src/index.ts'

let servers: TestServers

beforeAll(async () => {
  servers = await startTestServers()
})
afterAll(async () => {
  await servers[Symbol.asyncDispose]()
})

const natsOptions = (url: string) => {
  const { username, password, host } = new URL(url)
  return { servers: host, user: username, pass: password, maxReconnectAttempts: 0, timeout: 3_000 }
}
const openRedis = (user: 'admin' | 'session' | 'documents') =>
  new Redis(servers.redisUrl(user), {
    lazyConnect: true,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    connectTimeout: 500,
    commandTimeout: 500,
  })

async function writeToNats(text: string): Promise<number> {
  const nc = await connect(natsOptions(servers.natsUrl('admin')))
  try {
    await (await jetstreamManager(nc)).streams.add({ name: 'KEPT', subjects: ['kept'] })
    return (await jetstream(nc).publish('kept', text)).seq
  } finally {
    await nc.close()
  }
}

async function readFromRedis(key: string): Promise<string | null> {
  const redis = openRedis('admin')
  redis.on('error', () => {})
  try {
    await redis.connect()
    return await redis.get(key)
  } finally {
    redis.disconnect()
  }
}

async function writeToRedis(key: string, value: string): Promise<void> {
  const redis = openRedis('admin')
  try {
    await redis.set(key, value)
  } finally {
    redis.disconnect()
  }
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket({ host, port, timeout: 1_000 })
    const finish = (answer: boolean): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => finish(true))
    socket.on('error', () => finish(false))
    socket.on('timeout', () => finish(false))
  })
}

describe('servers for tests', () => {
  test('are of the kind that was chosen', async () => {
    expect(servers.kind).toBe(await chooseServers())
  })

  test('keep what NATS stored when it is killed, on the same port', async () => {
    const url = servers.natsUrl('admin')
    expect(await writeToNats('before')).toBe(1)
    await servers.nats.kill('SIGKILL')
    await expect(connect(natsOptions(url))).rejects.toBeInstanceOf(Error)
    await servers.nats.restart()
    expect(servers.natsUrl('admin')).toBe(url)
    expect(await writeToNats('after')).toBe(2)
  })

  test('keep what Redis stored when it is restarted, on the same port', async () => {
    const url = servers.redisUrl('admin')
    await writeToRedis('kept', 'before')
    await servers.redis.kill('SIGTERM')
    await expect(readFromRedis('kept')).rejects.toBeInstanceOf(Error)
    await servers.redis.restart()
    expect(servers.redisUrl('admin')).toBe(url)
    expect(await readFromRedis('kept')).toBe('before')
  })

  test('can be paused and continued, and restarted while paused', async () => {
    await servers.redis.kill('SIGSTOP')
    await expect(readFromRedis('kept')).rejects.toBeInstanceOf(Error)
    await servers.redis.kill('SIGCONT')
    expect(await readFromRedis('kept')).toBe('before')
    await servers.redis.kill('SIGSTOP')
    await servers.redis.restart()
    expect(await readFromRedis('kept')).toBe('before')
  })

  test('a signal to a server that is down is no error', async () => {
    await servers.redis.kill('SIGKILL')
    await servers.redis.kill('SIGKILL')
    await servers.redis.kill('SIGCONT')
    await servers.redis.restart()
    expect(await readFromRedis('kept')).toBe('before')
  })

  test('know no user without a password and keep users apart', async () => {
    const { port } = servers.redis
    const stranger = new Redis({ host: '127.0.0.1', port, retryStrategy: null, enableReadyCheck: false })
    stranger.on('error', () => {})
    await expect(stranger.get('kept')).rejects.toThrow(/NOAUTH/)
    stranger.disconnect()
    const documents = openRedis('documents')
    await expect(documents.get('curfew:anything')).rejects.toThrow(/NOPERM|permission/i)
    documents.disconnect()
    await expect(connect({ ...natsOptions(servers.natsUrl('files')), pass: 'wrong' })).rejects.toThrow(
      /Authorization/i,
    )
  })

  test('are reachable from this machine only', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
    expect(await accepts('127.0.0.1', servers.nats.port)).toBe(true)
    for (const { address } of others) {
      expect(await accepts(address, servers.nats.port)).toBe(false)
      expect(await accepts(address, servers.redis.port)).toBe(false)
    }
  })

  test('are gone when they are disposed of', async () => {
    const ports: number[] = []
    {
      await using brief = await startTestServers()
      ports.push(brief.nats.port, brief.redis.port)
      expect(await Promise.all(ports.map((port) => accepts('127.0.0.1', port)))).toEqual([true, true])
    }
    expect(await Promise.all(ports.map((port) => accepts('127.0.0.1', port)))).toEqual([false, false])
  })
})
