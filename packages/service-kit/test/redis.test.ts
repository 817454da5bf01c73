import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import { startTestServers, type TestServers } from '@curfew/test-kit'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import { createLogger } from '../src/index.ts'
import { connectRedis, redisReadiness, refuseEviction, type Redis } from '../src/redis.ts'
import { recordedServer } from './recorded-server.ts'

const UNAVAILABLE = { name: 'RedisUnavailable', code: 'REDIS_UNAVAILABLE' }
const untilTrue = { timeout: 30_000, interval: 20 }

let servers: TestServers
let admin: Redis
let redis: Redis
const lines: string[] = []
const events = (): unknown[] => lines.map((line) => (JSON.parse(line) as { event: unknown }).event)

async function connected(user: 'admin' | 'session'): Promise<Redis> {
  const logger = createLogger({ service: 'test', level: 'debug' }, { write: (line) => void lines.push(line) })
  const connection = connectRedis({ url: servers.redisUrl(user), name: 'test', logger })
  await once(connection, 'ready')
  return connection
}

/** A server that takes writes, whatever a test has done to it. */
async function healed(): Promise<void> {
  await admin.replicaof('NO', 'ONE')
  await admin.config('SET', 'maxmemory', '0')
  await admin.config('SET', 'maxmemory-policy', 'noeviction')
  await admin.config('SET', 'min-replicas-to-write', '0')
  await admin.config('SET', 'replica-serve-stale-data', 'no')
  await vi.waitUntil(() => redis.status === 'ready', untilTrue)
}

beforeAll(async () => {
  servers = await startTestServers()
  admin = await connected('admin')
  redis = await connected('session')
})

afterEach(async () => {
  await healed()
  await admin.flushall()
  lines.length = 0
})

afterAll(async () => {
  redis.disconnect()
  admin.disconnect()
  await servers[Symbol.asyncDispose]()
})

describe('a command', () => {
  it('is executed, under the name that the connection has', async () => {
    await expect(redis.set('curfew:a', '1')).resolves.toBe('OK')
    expect(await admin.client('LIST')).toContain('name=test')
  })

  it('that Redis refuses is not taken for a lost Redis', async () => {
    await redis.set('curfew:a', 'text')
    await expect(redis.incrby('curfew:a', 1)).rejects.toMatchObject({ name: 'ReplyError' })
    await expect(redis.get('other:a')).rejects.toMatchObject({ name: 'ReplyError' })
    await expect(redis.incrby('curfew:a', 1)).rejects.not.toHaveProperty('code')
  })

  it('that Redis refuses within a transaction is not taken for a lost Redis either', async () => {
    const aborted = redis.multi().set('curfew:a', '1').get('other:a').exec()
    await expect(aborted).rejects.toMatchObject({
      name: 'ReplyError',
      message: expect.stringMatching(/^NOPERM/),
    })
    await expect(redis.get('curfew:a')).resolves.toBeNull()
  })

  it('that is not answered in time is unavailable, and executed once at most', async () => {
    await servers.redis.kill('SIGSTOP')
    const started = performance.now()
    await expect(redis.incrby('curfew:count', 1)).rejects.toMatchObject(UNAVAILABLE)
    expect(performance.now() - started).toBeLessThan(5_000)
    await servers.redis.kill('SIGCONT')
    await expect.poll(() => redis.get('curfew:count').catch(() => 'no answer'), untilTrue).toBe('1')
  })
})

interface Trouble {
  readonly answers: string
  readonly cause: () => Promise<unknown>
}

const TROUBLES: readonly Trouble[] = [
  { answers: 'OOM', cause: () => admin.config('SET', 'maxmemory', '1') },
  { answers: 'NOREPLICAS', cause: () => admin.config('SET', 'min-replicas-to-write', '1') },
  { answers: 'READONLY', cause: () => admin.replicaof('127.0.0.1', 1) },
]

describe.each(TROUBLES)('a Redis that answers $answers', ({ answers, cause }) => {
  it('is unavailable for a command, a pipeline, a transaction and a script, and not ready', async () => {
    const readiness = redisReadiness(redis, 'curfew:')
    await expect(readiness.check()).resolves.toBe(true)
    await cause()
    const script = "return redis.call('set', KEYS[1], ARGV[1])"
    const attempts = [
      () => redis.set('curfew:a', '1'),
      () => redis.eval(script, 1, 'curfew:a', '1'),
      () => redis.multi().set('curfew:a', '1').exec(),
      async () => {
        const [result] = (await redis.pipeline().set('curfew:a', '1').exec()) ?? []
        if (result?.[0]) throw result[0]
      },
    ]
    for (const attempt of attempts) {
      await expect.poll(() => redis.status, untilTrue).toBe('ready')
      await expect(attempt()).rejects.toMatchObject(UNAVAILABLE)
    }
    await expect.poll(() => readiness.check(), untilTrue).toBe(`refuses writes: ${answers}`)
    await healed()
    await expect(redis.get('curfew:a')).resolves.toBeNull()
    await expect(readiness.check()).resolves.toBe(true)
  })
})

it('a replica that has lost its primary answers no question with what is old', async () => {
  await redis.set('curfew:a', 'old')
  await admin.replicaof('127.0.0.1', 1)
  await expect(redis.get('curfew:a')).rejects.toThrow(/MASTERDOWN/)
  await vi.waitUntil(() => redis.status === 'ready', untilTrue)
  await expect(redis.get('curfew:a')).rejects.toMatchObject(UNAVAILABLE)
})

describe('an address behind which another server has become the primary', () => {
  it('is dialled again, and written to', async () => {
    await using successor = await startTestServers()
    const chief = connectRedis({ url: successor.redisUrl('admin'), name: 'test' })
    await once(chief, 'ready')
    const url = new URL(servers.redisUrl('session'))
    await chief.acl('SETUSER', 'session', `>${url.password}`)
    await using address = await movableAddress(servers.redis.port)
    url.port = String(address.port)
    const client = connectRedis({ url: url.href, name: 'test' })
    await once(client, 'ready')
    await client.set('curfew:a', '1')

    // The connection to the old primary stays open: nothing but its answers says that it is a replica now.
    address.leadTo(successor.redis.port)
    await admin.config('SET', 'replica-serve-stale-data', 'yes')
    await admin.replicaof('127.0.0.1', 1)
    await expect(client.set('curfew:a', '2')).rejects.toMatchObject(UNAVAILABLE)
    await expect.poll(() => client.set('curfew:a', '3').catch(() => 'refused'), untilTrue).toBe('OK')
    expect(await chief.get('curfew:a')).toBe('3')
    client.disconnect()
    chief.disconnect()
  })

  it('is not dialled at every refusal while it leads to the replica', async () => {
    const connection = await connected('session')
    lines.length = 0
    let dialled = 0
    connection.on('connect', () => (dialled += 1))
    await admin.config('SET', 'replica-serve-stale-data', 'yes')
    await admin.replicaof('127.0.0.1', 1)
    await expect
      .poll(async () => {
        await connection.set('curfew:a', '1').catch(() => undefined)
        return dialled
      }, untilTrue)
      .toBe(1)
    await vi.waitUntil(() => connection.status === 'ready', untilTrue)
    for (let n = 0; n < 50; n += 1) await expect(connection.set('curfew:a', '1')).rejects.toThrow(/READONLY/)
    expect(dialled).toBe(1)
    expect(events()).toEqual(['redis.connection.renewed'])
    connection.disconnect()
  })
})

describe('a Redis that may evict keys', () => {
  it('is not ready, is told loudly at every connection, and refuses a start', async () => {
    await expect(refuseEviction(redis)).resolves.toBeUndefined()
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await expect(redisReadiness(redis, 'curfew:').check()).resolves.toBe('evicts keys: allkeys-lru')
    await expect(refuseEviction(redis)).rejects.toThrow(/maxmemory-policy is allkeys-lru/)
    const late = await connected('session')
    await expect.poll(events, untilTrue).toContain('redis.evicts-keys')
    late.disconnect()
  })
})

describe('a killed Redis', () => {
  it('refuses commands at once, executes none of them later, and comes back by itself', async () => {
    const readiness = redisReadiness(redis, 'curfew:')
    expect(await readiness.check()).toBe(true)

    await servers.redis.kill('SIGKILL')
    await vi.waitUntil(() => redis.status !== 'ready', untilTrue)
    expect(await readiness.check()).toBe('no connection')
    const started = performance.now()
    await expect(redis.incrby('curfew:down', 1)).rejects.toMatchObject(UNAVAILABLE)
    await expect(redis.multi().incrby('curfew:down', 1).exec()).rejects.toMatchObject(UNAVAILABLE)
    expect(performance.now() - started).toBeLessThan(700)

    await servers.redis.restart()
    await vi.waitUntil(() => redis.status === 'ready' && admin.status === 'ready', untilTrue)
    await expect(redis.get('curfew:down')).resolves.toBeNull()
    expect(events()).toContain('redis.connection.lost')
    expect(events()).toContain('redis.connection.restored')
  })

  it('has forgotten the scripts, which are sent again', async () => {
    redis.defineCommand('echo', { numberOfKeys: 1, lua: 'return ARGV[1]' })
    const echo = (text: string): Promise<unknown> =>
      Reflect.apply(Reflect.get(redis, 'echo'), redis, ['curfew:a', text])
    await expect(echo('before')).resolves.toBe('before')
    await servers.redis.kill('SIGKILL')
    await servers.redis.restart()
    await vi.waitUntil(() => redis.status === 'ready' && admin.status === 'ready', untilTrue)
    await expect(echo('after')).resolves.toBe('after')
  })

  it('under a command leaves its outcome unknown', async () => {
    await servers.redis.kill('SIGSTOP')
    const outcome = redis.incrby('curfew:unknown', 1).catch((error: unknown) => error)
    await servers.redis.kill('SIGKILL')
    expect(await outcome).toMatchObject(UNAVAILABLE)
    await servers.redis.restart()
    await vi.waitUntil(() => redis.status === 'ready' && admin.status === 'ready', untilTrue)
    expect([null, '1']).toContain(await redis.get('curfew:unknown'))
  })

  it('makes a route that needs it unavailable', async () => {
    const { app } = recordedServer({ readiness: [redisReadiness(redis, 'curfew:')] })
    app.get('/count', () => redis.incrby('curfew:n', 1))
    await servers.redis.kill('SIGKILL')
    await vi.waitUntil(() => redis.status !== 'ready', untilTrue)
    const response = await app.inject('/count')
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('1')
    expect(response.json()).toMatchObject({
      code: 'unavailable',
      request_id: response.headers['x-request-id'],
    })
    const ready = await fetch(`${app.operationsUrl()}/readyz`)
    expect(await ready.json()).toMatchObject({ checks: { redis: 'no connection' } })

    await servers.redis.restart()
    await vi.waitUntil(() => redis.status === 'ready' && admin.status === 'ready', untilTrue)
    expect((await app.inject('/count')).statusCode).toBe(200)
    await app.close()
  })
})

describe('the log', () => {
  it('says once that there is no connection, and never the password', async () => {
    const logger = createLogger(
      { service: 'test', level: 'debug' },
      { write: (line) => void lines.push(line) },
    )
    const url = servers.redisUrl('session').replace(/:[^:@]+@/, ':planted-secret@')
    const refused = connectRedis({ url, name: 'test', logger })
    let attempts = 0
    refused.on('reconnecting', () => (attempts += 1))
    await vi.waitUntil(() => attempts >= 3, untilTrue)
    refused.disconnect()
    expect(events()).toEqual(['redis.connection.lost'])
    expect(lines.join('')).toContain('WRONGPASS')
    expect(lines.join('')).not.toContain('planted-secret')
  })

  it('says nothing when the connection is closed on purpose', async () => {
    const closing = await connected('session')
    await closing.quit()
    expect(events()).toEqual([])
    await expect(closing.get('curfew:a')).rejects.toMatchObject(UNAVAILABLE)
  })
})

interface MovableAddress extends AsyncDisposable {
  readonly port: number
  /** For connections to come; those that are open stay where they are. */
  leadTo(port: number): void
}

/** One address whose server can change, like a service name or a virtual address. */
async function movableAddress(port: number): Promise<MovableAddress> {
  let target = port
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1')
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      from.pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    leadTo: (next) => void (target = next),
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
