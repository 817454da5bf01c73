import { once } from 'node:events'

import { startTestServers, type TestServers } from '@curfew/test-kit'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'

import { createLogger } from '../src/index.ts'
import { connectRedis, redisReadiness, type Redis } from '../src/redis.ts'
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

beforeAll(async () => {
  servers = await startTestServers()
  admin = await connected('admin')
  redis = await connected('session')
})

afterEach(async () => {
  await admin.config('SET', 'maxmemory', '0')
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
    await expect(redis.incr('curfew:a')).rejects.toMatchObject({ name: 'ReplyError' })
    await expect(redis.get('other:a')).rejects.toMatchObject({ name: 'ReplyError' })
    await expect(redis.incr('curfew:a')).rejects.not.toHaveProperty('code')
  })

  it('that Redis cannot take at the moment is unavailable, also in a pipeline and a script', async () => {
    await admin.config('SET', 'maxmemory', '1')
    await expect(redis.set('curfew:a', '1')).rejects.toMatchObject(UNAVAILABLE)
    const [result] = (await redis.pipeline().set('curfew:a', '1').exec()) ?? []
    expect(result?.[0]).toMatchObject(UNAVAILABLE)
    const script = "return redis.call('set', KEYS[1], ARGV[1])"
    await expect(redis.eval(script, 1, 'curfew:a', '1')).rejects.toMatchObject(UNAVAILABLE)
  })

  it('that is not answered in time is unavailable, and executed once at most', async () => {
    await servers.redis.kill('SIGSTOP')
    const started = performance.now()
    await expect(redis.incr('curfew:count')).rejects.toMatchObject(UNAVAILABLE)
    expect(performance.now() - started).toBeLessThan(5_000)
    await servers.redis.kill('SIGCONT')
    await expect.poll(() => redis.get('curfew:count').catch(() => 'no answer'), untilTrue).toBe('1')
  })
})

describe('a killed Redis', () => {
  it('refuses commands at once, executes none of them later, and comes back by itself', async () => {
    const readiness = redisReadiness(redis)
    expect(readiness.check()).toBe(true)

    await servers.redis.kill('SIGKILL')
    await vi.waitUntil(() => redis.status !== 'ready', untilTrue)
    expect(readiness.check()).toBe('no connection')
    const started = performance.now()
    await expect(redis.incr('curfew:down')).rejects.toMatchObject(UNAVAILABLE)
    await expect(redis.multi().incr('curfew:down').exec()).rejects.toMatchObject(UNAVAILABLE)
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
    const outcome = redis.incr('curfew:unknown').catch((error: unknown) => error)
    await servers.redis.kill('SIGKILL')
    expect(await outcome).toMatchObject(UNAVAILABLE)
    await servers.redis.restart()
    await vi.waitUntil(() => redis.status === 'ready' && admin.status === 'ready', untilTrue)
    expect([null, '1']).toContain(await redis.get('curfew:unknown'))
  })

  it('makes a route that needs it unavailable', async () => {
    const { app } = recordedServer({ readiness: [redisReadiness(redis)] })
    app.get('/count', () => redis.incr('curfew:n'))
    await servers.redis.kill('SIGKILL')
    await vi.waitUntil(() => redis.status !== 'ready', untilTrue)
    const response = await app.inject('/count')
    expect(response.statusCode).toBe(503)
    expect(response.headers['retry-after']).toBe('1')
    expect(response.json()).toMatchObject({
      code: 'unavailable',
      request_id: response.headers['x-request-id'],
    })
    expect((await app.inject('/readyz')).json()).toMatchObject({ checks: { redis: 'no connection' } })

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
