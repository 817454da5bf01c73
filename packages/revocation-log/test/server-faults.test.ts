/** ⑤ The server killed, stopped and cut off while it is in use: nothing acknowledged is lost, and the reader is soon current. */
import { setTimeout as sleep } from 'node:timers/promises'

import { startTestServers, type TestServers } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { facts, isAscending, revokedUser, startReplica, type Replica } from './stage.ts'
import { startTcpProxy } from './tcp-proxy.ts'

let servers: TestServers
let url: string
let lastEpoch = 0

beforeAll(async () => {
  servers = await startTestServers()
  url = servers.natsUrl('session')
})
afterAll(async () => servers.stop())

const nextEpoch = () => (lastEpoch += 1)

/** Publishes without pause until stopped; every result is kept. */
function keepWriting(replica: Replica, name: string) {
  const results = new Map<string, string>()
  const writing = new AbortController()
  const lane = async (laneName: string) => {
    for (let n = 0; !writing.signal.aborted && replica.doubts.length === 0; n += 1) {
      const id = `${laneName}-${n}`
      results.set(id, (await replica.writer.publish(revokedUser(id, id))).kind)
    }
  }
  const lanes = Promise.all(Array.from({ length: 4 }, async (_, n) => lane(`${name}${n}`)))
  const stop = async (): Promise<string[]> => {
    writing.abort()
    await lanes
    return [...results].flatMap(([id, kind]) => (kind === 'stored' ? [id] : []))
  }
  return { results, stop }
}

async function msUntilHealthy({ reader }: Replica): Promise<number> {
  const startedMs = performance.now()
  await expect.poll(() => reader.healthy, { timeout: 15_000, interval: 5 }).toBe(true)
  return performance.now() - startedMs
}

function missing(stored: readonly string[], { handed }: Replica): string[] {
  const had = new Set(facts(handed))
  return stored.filter((id) => !had.has(id))
}

describe('with the server failing under load', () => {
  it('loses no fact when it is killed and started again, and is current again well within 3 s', async () => {
    const epoch = nextEpoch()
    await using writer = await startReplica({ url, epoch })
    await using follower = await startReplica({ url, epoch })
    const writing = keepWriting(writer, 'w')
    const recoveriesMs: number[] = []
    for (let kill = 1; kill <= 3; kill += 1) {
      const before = writing.results.size
      await expect.poll(() => writing.results.size, { timeout: 10_000 }).toBeGreaterThan(before + 100)
      await servers.nats.kill('SIGKILL')
      await expect.poll(() => follower.reader.healthy).toBe(false)
      await servers.nats.restart()
      recoveriesMs.push(await msUntilHealthy(follower))
    }
    const stored = await writing.stop()
    expect(stored.length).toBeGreaterThan(300)
    expect([...writing.results.values()].filter((kind) => kind !== 'stored')).toEqual([])
    for (const replica of [writer, follower]) {
      await expect.poll(() => missing(stored, replica)).toEqual([])
      expect(new Set(facts(replica.handed)).size).toBe(facts(replica.handed).length)
      expect(isAscending(replica.handed)).toBe(true)
      expect(replica.doubts).toEqual([])
    }
    expect(Math.max(...recoveriesMs)).toBeLessThan(2_000)
  })

  it('gets over a server that is stopped for 3 s, without a word of doubt', async () => {
    const epoch = nextEpoch()
    await using writer = await startReplica({ url, epoch })
    await using follower = await startReplica({ url, epoch })
    const writing = keepWriting(writer, 's')
    const sizeAfter = async (ms: number) => sleep(ms, undefined).then(() => writing.results.size)
    await expect.poll(() => writing.results.size, { timeout: 10_000 }).toBeGreaterThan(100)
    await servers.nats.kill('SIGSTOP')
    let written: number[]
    try {
      // Nothing tells how long it has been stopped but time itself; answers on their way arrive within the first second.
      written = [await sizeAfter(1_000), await sizeAfter(2_000)]
    } finally {
      await servers.nats.kill('SIGCONT')
    }
    expect(written[1]).toBe(written[0])
    const recoveryMs = await msUntilHealthy(follower)
    const stored = await writing.stop()
    for (const replica of [writer, follower]) {
      await expect.poll(() => missing(stored, replica)).toEqual([])
      expect(new Set(facts(replica.handed)).size).toBe(facts(replica.handed).length)
      expect(isAscending(replica.handed)).toBe(true)
      expect(replica.doubts).toEqual([])
    }
    expect(recoveryMs).toBeLessThan(3_000)
  })

  it('is not healthy for long on a connection that has gone silent', async () => {
    await using proxy = await startTcpProxy(servers.nats.port)
    await using replica = await startReplica({
      url: proxy.through(url),
      epoch: nextEpoch(),
    })
    proxy.dropWhile(() => true)
    await expect.poll(() => replica.reader.healthy, { timeout: 6_000 }).toBe(false)
    expect(proxy.dropped).toBeGreaterThan(0)
    proxy.dropNothing()
    proxy.cut()
    expect(await msUntilHealthy(replica)).toBeLessThan(3_000)
  })

  it('has everything after its connection was cut while others wrote over old facts', async () => {
    const epoch = nextEpoch()
    await using proxy = await startTcpProxy(servers.nats.port)
    await using writer = await startReplica({ url, epoch })
    await using replica = await startReplica({
      url: proxy.through(url),
      epoch,
    })
    for (let cut = 0; cut < 5; cut += 1) {
      proxy.cut()
      for (let n = 0; n < 60; n += 1)
        await writer.writer.publish(revokedUser(`user${n % 3}`, `id-${cut}-${n}`))
    }
    const last = writer.reader.applied
    expect(await replica.reader.waitFor(last, 10_000)).toBe(true)
    const latest = facts(replica.handed).slice(-3)
    expect(latest).toEqual(['id-4-57', 'id-4-58', 'id-4-59'])
    expect(isAscending(replica.handed)).toBe(true)
    expect(replica.doubts).toEqual([])
  })
})
