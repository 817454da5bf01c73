/**
 * ④ infra/redis, held against a real server.
 */
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import type { RedisUser } from '../src/index.ts'
import { scratchServers, type ScratchServers } from './scratch.ts'

const SERVICES = [
  { user: 'session', own: 'curfew:', foreign: 'documents:', scripts: ['eval', 'evalsha'] },
  { user: 'documents', own: 'documents:', foreign: 'curfew:', scripts: [] },
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

describe.each(SERVICES)('the user $user', ({ user, own, foreign, scripts }) => {
  it('reads, writes and runs transactions below its own prefix', async () => {
    const redis = connectAs(user)
    await redis.set(`${own}key`, 'value', 'EX', 60)
    expect(await redis.get(`${own}key`)).toBe('value')
    expect(await redis.multi().set(`${own}key`, 'other').expire(`${own}key`, 60).exec()).toHaveLength(2)
    expect(await redis.zadd(`${own}sorted`, 1, 'a')).toBe(1)
  })

  it('has a list of commands, none of which administers, blocks, subscribes or tells of others', async () => {
    const commands = await allowedCommands(user)
    const admin = connectAs('admin')
    const inCategory = async (name: string): Promise<string[]> => {
      const all = (await admin.call('ACL', 'CAT', name)) as string[]
      return commands.filter((command) => all.includes(command))
    }
    for (const category of ['admin', 'blocking', 'pubsub', 'stream'])
      expect(await inCategory(category), category).toEqual([])
    // How clients learn that loading is over, and services whether keys may be evicted.
    expect(await inCategory('dangerous')).toEqual(['info'])
    expect(await inCategory('connection')).toEqual(['client|setname', 'ping'])
    expect(await inCategory('scripting')).toEqual(scripts)
    // Without the commands that list keys, or that reach another key by a pattern.
    for (const command of ['keys', 'scan', 'randomkey', 'dbsize', 'sort', 'sort_ro', 'object', 'wait'])
      expect(commands).not.toContain(command)
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
      // The keys that a script does not declare are checked when the command runs.
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
    'CLIENT TRACKING ON BCAST',
    'CLIENT PAUSE 1',
    'CLIENT NO-EVICT ON',
    'CLIENT INFO',
    'SCRIPT FLUSH',
    'SCRIPT LOAD return',
    'FUNCTION FLUSH',
    'FCALL f 0',
    'EVAL_RO return 0',
    'SWAPDB 0 1',
    'SELECT 1',
    'DBSIZE',
    'WAIT 1 0',
    'COMMAND',
    'MEMORY DOCTOR',
    'LATENCY LATEST',
    'SLOWLOG GET',
    'PUBLISH channel x',
    'SUBSCRIBE channel',
    // Of its own keys, too: these hold a connection, or grow without a bound.
    `BLPOP OWN 0`,
    `XREAD BLOCK 0 STREAMS OWN $`,
    `OBJECT FREQ OWN`,
    `SORT OWN BY nosort GET *`,
    `APPEND OWN x`,
    `SETBIT OWN 4294967295 1`,
  ])('is refused %s', async (command) => {
    const [name = '', ...rest] = command.replace(/\bOWN\b/, `${own}key`).split(' ')
    const [attempt] = await Promise.allSettled([connectAs(user).call(name, ...rest)])
    // DEBUG is refused to everybody before anybody's permissions are looked at.
    expect(refusal(attempt)).toMatch(/NOPERM|command not allowed/)
  })

  it('is told by INFO that loading is over, and whether keys may be evicted', async () => {
    expect(await connectAs(user).info('persistence')).toContain('loading:0')
    expect(await connectAs(user).info('memory')).toContain('maxmemory_policy:noeviction')
  })
})

describe('scripts', () => {
  it('are the session service’s alone: a loop of the documents service would hold up everybody', async () => {
    const script = "return redis.call('GET', KEYS[1])"
    await connectAs('session').set('curfew:key', 'value')
    expect(await connectAs('session').eval(script, 1, 'curfew:key')).toBe('value')
    for (const command of ['EVAL', 'EVALSHA']) {
      const [attempt] = await Promise.allSettled([
        connectAs('documents').call(command, script, 1, 'documents:key'),
      ])
      expect(refusal(attempt)).toMatch(/NOPERM/)
    }
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
      maxmemory: String(2 * 1024 ** 3),
      'maxmemory-policy': 'noeviction',
      'maxmemory-clients': String(256 * 1024 ** 2),
      'proto-max-bulk-len': String(1024 ** 2),
      'client-output-buffer-limit': expect.stringContaining(`normal ${64 * 1024 ** 2} ${32 * 1024 ** 2} 10`),
      'client-query-buffer-limit': String(32 * 1024 ** 2),
      'lazyfree-lazy-user-del': 'yes',
      'replica-serve-stale-data': 'no',
      'protected-mode': 'yes',
      bind: '127.0.0.1',
      save: '',
    })
  })

  it('ends a reply that repeats a large value without end', async () => {
    const [greedy, other] = [connectAs('documents'), connectAs('session')]
    await greedy.set('documents:large', 'x'.repeat(1_000_000))
    const repeated = Array.from({ length: 200 }, () => 'documents:large')
    await expect(greedy.mget(repeated)).rejects.toThrow(/closed|ended|retries/i)
    expect(await other.ping()).toBe('PONG')
  })

  it('has no password of a user in its configuration', async () => {
    const users = JSON.stringify(await connectAs('admin').call('ACL', 'LIST'))
    for (const password of Object.values(scratch.credentials.redis)) expect(users).not.toContain(password)
  })
})

/** As the server reports them: it may write several commands as a category and those that are missing of it. */
async function allowedCommands(user: RedisUser): Promise<string[]> {
  const admin = connectAs('admin')
  const fields = (await admin.call('ACL', 'GETUSER', user)) as unknown[]
  const [first, ...rules] = String(fields[fields.indexOf('commands') + 1]).split(' ')
  expect(first).toBe('-@all')
  const allowed = new Set<string>()
  for (const rule of rules) {
    const name = rule.slice(1)
    const commands = name.startsWith('@')
      ? ((await admin.call('ACL', 'CAT', name.slice(1))) as string[])
      : [name]
    for (const command of commands)
      if (rule.startsWith('+')) allowed.add(command)
      else allowed.delete(command)
  }
  return [...allowed].toSorted()
}

function refusal(attempt: PromiseSettledResult<unknown> | undefined): string {
  return attempt?.status === 'rejected' ? String(attempt.reason) : `was allowed: ${JSON.stringify(attempt)}`
}
