/**
 * ④ infra/redis, held against a real server.
 */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { RedisUser } from '../src/index.ts'
import { scratchServers, type ScratchServers } from './scratch.ts'

const SERVICES = [
  { user: 'session', own: 'curfew:', foreign: 'documents:' },
  { user: 'documents', own: 'documents:', foreign: 'curfew:' },
] as const

let scratch: ScratchServers
const clients: Redis[] = []

beforeAll(async () => {
  scratch = await scratchServers()
})

afterAll(async () => {
  for (const client of clients) client.disconnect()
  await scratch[Symbol.asyncDispose]()
})

function connectAs(user: RedisUser): Redis {
  const client = new Redis(scratch.servers.redisUrl(user), { maxRetriesPerRequest: 0 })
  clients.push(client)
  return client
}

describe.each(SERVICES)('the user $user', ({ user, own, foreign }) => {
  it('reads, writes, runs scripts and transactions below its own prefix', async () => {
    const redis = connectAs(user)
    await redis.set(`${own}key`, 'value', 'EX', 60)
    expect(await redis.get(`${own}key`)).toBe('value')
    expect(await redis.eval("return redis.call('GET', KEYS[1])", 1, `${own}key`)).toBe('value')
    expect(await redis.multi().hset(`${own}hash`, 'a', '1').expire(`${own}hash`, 60).exec()).toHaveLength(2)
    expect(await redis.zadd(`${own}sorted`, 1, 'a')).toBe(1)
    expect(await redis.time()).toHaveLength(2)
  })

  it('can neither read nor write the other’s keys, not through a script or a rename either', async () => {
    const redis = connectAs(user)
    await connectAs('admin').set(`${foreign}key`, 'secret')
    await redis.set(`${own}key`, 'value')
    const attempts = [
      redis.get(`${foreign}key`),
      redis.set(`${foreign}key`, 'x'),
      redis.del(`${foreign}key`),
      redis.exists(`${foreign}key`),
      redis.mget(`${own}key`, `${foreign}key`),
      redis.rename(`${own}key`, `${foreign}key`),
      redis.copy(`${foreign}key`, `${own}copy`),
      redis.eval("return redis.call('GET', KEYS[1])", 1, `${foreign}key`),
      // A key that the script does not declare is checked when the command runs.
      redis.eval(`return redis.call('GET', '${foreign}key')`, 0),
      redis.get('key-of-nobody'),
    ]
    for (const attempt of await Promise.allSettled(attempts))
      expect(refusal(attempt)).toMatch(/NOPERM|can't access/)
    expect(await connectAs('admin').get(`${foreign}key`)).toBe('secret')
  })

  it.each([
    'FLUSHALL',
    'FLUSHDB',
    'CONFIG GET *',
    'CONFIG SET appendonly no',
    'DEBUG SLEEP 0',
    'SHUTDOWN NOSAVE',
    'ACL LIST',
    'ACL SETUSER session allkeys',
    'KEYS *',
    'SCAN 0',
    'RANDOMKEY',
    'MONITOR',
    'CLIENT LIST',
    'CLIENT KILL TYPE normal',
    'REPLICAOF 127.0.0.1 1',
    'SAVE',
    'BGREWRITEAOF',
    'SCRIPT FLUSH',
    'FUNCTION FLUSH',
    'SWAPDB 0 1',
    'PUBLISH channel x',
    'SUBSCRIBE channel',
  ])('is refused %s', async (command) => {
    const [name = '', ...rest] = command.split(' ')
    const [attempt] = await Promise.allSettled([connectAs(user).call(name, ...rest)])
    // DEBUG is refused to everybody before anybody's permissions are looked at.
    expect(refusal(attempt)).toMatch(/NOPERM|command not allowed/)
  })

  it('is told by INFO that loading is over', async () => {
    expect(await connectAs(user).info('persistence')).toContain('loading:0')
  })
})

describe('the server', () => {
  it('refuses whoever does not log in, and wrong passwords', async () => {
    const { port } = scratch.servers.redis
    const nobody = new Redis(port, '127.0.0.1', {
      lazyConnect: true,
      enableReadyCheck: false,
      protocol: 2,
    })
    clients.push(nobody)
    await expect(nobody.connect().then(() => nobody.get('curfew:key'))).rejects.toThrow(/NOAUTH/)
    await expect(nobody.call('AUTH', 'default', '')).rejects.toThrow(/WRONGPASS/)
    await expect(nobody.call('AUTH', 'session', scratch.credentials.redis.documents)).rejects.toThrow(
      /WRONGPASS/,
    )
  })

  it('runs with the settings that reliability asks for', async () => {
    const admin = connectAs('admin')
    const settings = await admin.config('GET', '*')
    const byName = Object.fromEntries(
      settings.flatMap((name, index, all) => (index % 2 === 0 ? [[name, all[index + 1]]] : [])),
    )
    expect(byName).toMatchObject({
      appendonly: 'yes',
      appendfsync: 'everysec',
      'no-appendfsync-on-rewrite': 'no',
      'aof-load-truncated': 'yes',
      'maxmemory-policy': 'noeviction',
      'replica-serve-stale-data': 'no',
      'protected-mode': 'yes',
      bind: '127.0.0.1',
      save: '',
    })
  })

  it('has no password of a user in its configuration', async () => {
    const users = JSON.stringify(await connectAs('admin').call('ACL', 'LIST'))
    for (const password of Object.values(scratch.credentials.redis)) expect(users).not.toContain(password)
  })
})

function refusal(attempt: PromiseSettledResult<unknown> | undefined): string {
  return attempt?.status === 'rejected' ? String(attempt.reason) : `was allowed: ${JSON.stringify(attempt)}`
}
