/**
 * ④ ⑤ Real servers of this machine: started, killed, paused, restarted, and gone when whoever started them is.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'

import { createCredentials, startServerProcesses, type Servers } from '../src/index.ts'
import { pidStart } from '../src/pid-start.ts'
import { freePort } from '../src/tcp-ports.ts'
import { threadStates } from '../src/thread-states.ts'
import { eventually, scratchDirectory, scratchServers } from './scratch.ts'

function connectAsAdmin(servers: Servers): Promise<NatsConnection> {
  const { host, username, password } = new URL(servers.natsUrl('admin'))
  return connect({ servers: host, user: username, pass: password })
}

async function store(servers: Servers, value: string): Promise<void> {
  const redis = new Redis(servers.redisUrl('session'))
  await redis.set('curfew:kept', value)
  redis.disconnect()
  const nc = await connectAsAdmin(servers)
  const manager = await jetstreamManager(nc)
  await manager.streams.add({ name: 'CURFEW_1', subjects: ['curfew.1.log.>'] })
  await jetstream(nc).publish('curfew.1.log.kept', value)
  await nc.close()
}

async function recall(servers: Servers): Promise<{ redis: string | null; nats: string | undefined }> {
  const redis = new Redis(servers.redisUrl('session'))
  const fromRedis = await redis.get('curfew:kept')
  redis.disconnect()
  const nc = await connectAsAdmin(servers)
  const manager = await jetstreamManager(nc)
  const message = await manager.streams.getMessage('CURFEW_1', { last_by_subj: 'curfew.1.log.kept' })
  await nc.close()
  return { redis: fromRedis, nats: message?.string() }
}

describe('startServerProcesses', () => {
  it('finds the same port and the same data after a restart, and after the process was killed', async () => {
    await using scratch = await scratchServers()
    const { servers } = scratch
    const ports = [servers.nats.port, servers.redis.port]
    await store(servers, 'first')
    await servers.nats.restart()
    await servers.redis.restart()
    expect(await recall(servers)).toEqual({ redis: 'first', nats: 'first' })

    await store(servers, 'second')
    await servers.nats.kill('SIGKILL')
    await servers.redis.kill('SIGKILL')
    expect([servers.nats.pid, servers.redis.pid]).toEqual([undefined, undefined])
    await servers.nats.restart()
    await servers.redis.restart()
    expect((await recall(servers)).nats).toBe('second')
    expect([servers.nats.port, servers.redis.port]).toEqual(ports)
  })

  it('finds what transactions and scripts wrote, whole', async () => {
    await using scratch = await scratchServers()
    const { servers } = scratch
    const before = new Redis(servers.redisUrl('session'))
    await before.multi().set('curfew:a', '1').set('curfew:b', '2').exec()
    const script = `redis.call('SET', KEYS[1], '3'); redis.call('PEXPIRE', KEYS[1], 60000); redis.call('SET', KEYS[2], '4')`
    await before.eval(script, 2, 'curfew:c', 'curfew:d')
    before.disconnect()
    await servers.redis.restart()
    const after = new Redis(servers.redisUrl('session'))
    expect(await after.mget('curfew:a', 'curfew:b', 'curfew:c', 'curfew:d')).toEqual(['1', '2', '3', '4'])
    after.disconnect()
  })

  it('pauses and resumes a server without ending it', async () => {
    await using scratch = await scratchServers()
    const { redis } = scratch.servers
    const { pid } = redis
    const client = new Redis(scratch.servers.redisUrl('session'), {
      commandTimeout: 300,
      maxRetriesPerRequest: 0,
    })
    await client.set('curfew:x', '1')
    await redis.kill('SIGSTOP')
    await expect(client.get('curfew:x')).rejects.toThrow(/timed out/)
    await redis.kill('SIGCONT')
    expect(await client.get('curfew:x')).toBe('1')
    expect(redis.pid).toBe(pid)
    client.disconnect()
  })

  it('has paused a server in all of its threads, however much it had to do', async () => {
    await using scratch = await scratchServers()
    const { nats } = scratch.servers
    const nc = await connectAsAdmin(scratch.servers)
    for (let round = 0; round < 20; round += 1) {
      for (let n = 0; n < 500; n += 1) nc.publish('busy', 'x'.repeat(1_000))
      await nats.kill('SIGSTOP')
      expect(threadStates(nats.pid ?? 0)).toMatch(/^T+$/)
      await nats.kill('SIGCONT')
      await nc.flush()
    }
    await nc.close()
  })

  it('stops a paused server too', async () => {
    const scratch = await scratchServers()
    const pid = scratch.servers.nats.pid ?? 0
    await scratch.servers.nats.kill('SIGSTOP')
    await scratch[Symbol.asyncDispose]()
    expect(pidStart(pid)).toBeUndefined()
  })

  it('tells when a server ends although nobody here asked, with the end of its log', async () => {
    using scratch = scratchDirectory()
    const exits: { name: string; signal: string | null; lastLines: readonly string[] }[] = []
    const servers = await startServerProcesses({
      directory: scratch.path,
      credentials: createCredentials(),
      onUnexpectedExit: (exit) => exits.push(exit),
    })
    process.kill(servers.nats.pid ?? 0, 'SIGKILL')
    expect(await eventually(() => exits.length > 0)).toBe(true)
    expect(exits[0]).toMatchObject({ name: 'nats', signal: 'SIGKILL' })
    expect(exits[0]?.lastLines.join('\n')).toContain('Server is ready')
    await servers.redis.kill('SIGTERM')
    await servers.stop()
    expect(exits).toHaveLength(1)
  })

  it('leaves nothing running when one of the two does not start, and says why', async () => {
    using scratch = scratchDirectory()
    await using occupied = await scratchServers()
    const natsPort = await freePort()
    const start = startServerProcesses({
      directory: scratch.path,
      credentials: createCredentials(),
      natsPort,
      redisPort: occupied.servers.redis.port,
    })
    await expect(start).rejects.toThrow(/redis ended before it was ready[^]*Address already in use/)
    await expect(connect({ servers: `127.0.0.1:${natsPort}`, reconnect: false })).rejects.toThrow(/refused/i)
  })

  it('works in a directory with spaces, and in one that other users may not read', async () => {
    using scratch = scratchDirectory()
    const directory = join(scratch.path, 'a folder', '.data')
    const servers = await startServerProcesses({ directory, credentials: createCredentials() })
    await store(servers, 'here')
    expect(await recall(servers)).toEqual({ redis: 'here', nats: 'here' })
    await servers.stop()
  })

  it.runIf(process.platform === 'linux')('puts no password on a command line', async () => {
    await using scratch = await scratchServers()
    const { servers, credentials } = scratch
    for (const { pid = 0 } of [servers.nats, servers.redis]) {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      for (const password of [...Object.values(credentials.nats), ...Object.values(credentials.redis)])
        expect(commandLine).not.toContain(password)
    }
  })
})

describe('the leash', () => {
  it('ends the servers of a process that was killed outright', async () => {
    using scratch = scratchDirectory()
    const index = new URL('../src/index.ts', import.meta.url)
    const script = `
      const { startServerProcesses, createCredentials } = await import(${JSON.stringify(index)})
      const { nats, redis } = await startServerProcesses({ directory: process.argv[1], credentials: createCredentials() })
      console.log(JSON.stringify([nats.pid, redis.pid]))
    `
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', script, scratch.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string]
    const pids = JSON.parse(line) as number[]
    expect(pids.map((pid) => pidStart(pid) !== undefined)).toEqual([true, true])
    parent.kill('SIGKILL')
    expect(await eventually(() => pids.every((pid) => pidStart(pid) === undefined))).toBe(true)
  })
})
