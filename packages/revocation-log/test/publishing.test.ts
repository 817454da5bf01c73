/** ⑤ Publishing into a real log: once per id, compare-and-set, answers that get lost. */
import { ORIGIN } from '@curfew/contracts'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { facts, positionOf, revokedUser, startReplica, store } from './stage.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

let servers: TestServers
let proxy: TcpProxy
let url: string
let lastEpoch = 0

beforeAll(async () => {
  servers = await startTestServers()
  proxy = await startTcpProxy(servers.nats.port)
  url = servers.natsUrl('session')
})
afterAll(async () => {
  await proxy[Symbol.asyncDispose]()
  await servers.stop()
})

const nextEpoch = () => (lastEpoch += 1)
const throughProxy = () => proxy.through(url)
const isAcknowledgement = (chunk: string) =>
  chunk.includes(`"stream":"CURFEW_${lastEpoch}"`) && chunk.includes('"seq":')

describe('a writer', () => {
  it('stores an id once, however often and from wherever it is published', async () => {
    const epoch = nextEpoch()
    await using first = await startReplica({ url, epoch })
    await using second = await startReplica({ url, epoch })
    const entry = revokedUser('alice', 'once')
    const results = await Promise.all(
      [first, second, first, second].map(async (r) => r.writer.publish(entry)),
    )
    const positions = new Set(results.map((result) => result.kind === 'stored' && result.position))
    expect(positions.size).toBe(1)
    expect(results.filter((result) => result.kind === 'stored' && !result.duplicate)).toHaveLength(1)
    const last = await store(second, revokedUser('bob', 'next'))
    expect(await first.reader.waitFor(last, 5_000)).toBe(true)
    expect(facts(first.handed)).toEqual(['once', 'next'])
  })

  it('stores only if the latest fact about the entity is the one its caller looked at', async () => {
    await using replica = await startReplica({ url, epoch: nextEpoch() })
    const { writer } = replica
    const first = await writer.publish(revokedUser('alice', 'first'), { expectLast: ORIGIN })
    const position = positionOf(first)
    expect(await writer.publish(revokedUser('alice', 'late'), { expectLast: ORIGIN })).toEqual({
      kind: 'conflict',
    })
    await store(replica, revokedUser('bob', 'of somebody else'))
    const second = await writer.publish(revokedUser('alice', 'second'), { expectLast: position })
    expect(second).toMatchObject({ kind: 'stored', duplicate: false })
    expect(await writer.publish(revokedUser('alice', 'stale'), { expectLast: position })).toEqual({
      kind: 'conflict',
    })
    expect(await replica.reader.waitFor(positionOf(second), 5_000)).toBe(true)
    expect(facts(replica.handed)).toEqual(['first', 'of somebody else', 'second'])
  })

  it('lets exactly one of many win that looked at the same fact', async () => {
    const epoch = nextEpoch()
    await using first = await startReplica({ url, epoch })
    await using second = await startReplica({ url, epoch })
    const results = await Promise.all(
      Array.from({ length: 40 }, async (_, n) =>
        (n % 2 === 0 ? first : second).writer.publish(revokedUser('alice'), { expectLast: ORIGIN }),
      ),
    )
    expect(results.filter(({ kind }) => kind === 'stored')).toHaveLength(1)
    expect(results.filter(({ kind }) => kind === 'conflict')).toHaveLength(39)
  })

  it('counts a repeated id as stored although its expectation no longer holds', async () => {
    await using replica = await startReplica({ url, epoch: nextEpoch() })
    const entry = revokedUser('alice', 'mine')
    const first = await replica.writer.publish(entry, { expectLast: ORIGIN })
    await store(replica, revokedUser('bob', 'of somebody else'))
    for (const expected of [{ expectLast: ORIGIN }, { expectLast: ORIGIN, expectEnd: positionOf(first) }])
      expect(await replica.writer.publish(entry, expected)).toEqual({ ...first, duplicate: true })
  })

  it('never stores a repeated id on top of what has superseded it', async () => {
    await using replica = await startReplica({ url, epoch: nextEpoch() })
    const entry = revokedUser('alice', 'mine')
    await replica.writer.publish(entry, { expectLast: ORIGIN })
    await store(replica, revokedUser('alice', 'later'))
    // Servers differ in whether they look for the id or compare what was expected first.
    expect(await replica.writer.publish(entry, { expectLast: ORIGIN })).not.toMatchObject({
      duplicate: false,
    })
    const last = await store(replica, revokedUser('bob', 'last'))
    expect(await replica.reader.waitFor(last, 5_000)).toBe(true)
    expect(facts(replica.handed)).toEqual(['mine', 'later', 'last'])
  })

  it('finds out what became of an entry whose acknowledgement was lost, and stores it once', async () => {
    const epoch = nextEpoch()
    await using other = await startReplica({ url, epoch })
    await using replica = await startReplica({ url: throughProxy(), epoch })
    const before = proxy.dropped
    let left = 1
    proxy.dropWhile((chunk) => isAcknowledgement(chunk) && left-- > 0)
    const result = await replica.writer.publish(revokedUser('alice', 'once'), { expectLast: ORIGIN })
    expect(proxy.dropped).toBe(before + 1)
    expect(result).toMatchObject({ kind: 'stored', duplicate: true })
    // The feed's copy was lost with the acknowledgement; nothing else is published that would show the gap.
    expect(await replica.reader.waitFor(positionOf(result), 2_000)).toBe(true)
    const last = await store(other, revokedUser('bob', 'last'))
    expect(await other.reader.waitFor(last, 5_000)).toBe(true)
    expect(facts(other.handed)).toEqual(['once', 'last'])
  })

  it('finds it out too when the connection is cut before the answer', async () => {
    const epoch = nextEpoch()
    await using other = await startReplica({ url, epoch })
    await using replica = await startReplica({ url: throughProxy(), epoch })
    const before = proxy.dropped
    proxy.dropWhile(isAcknowledgement)
    const publishing = replica.writer.publish(revokedUser('alice', 'once'))
    await expect.poll(() => facts(other.handed)).toEqual(['once'])
    await expect.poll(() => proxy.dropped).toBeGreaterThan(before)
    proxy.dropNothing()
    proxy.cut()
    const startedMs = performance.now()
    expect(await publishing).toMatchObject({ kind: 'stored', duplicate: true })
    // The cut ends the attempt: its time does not have to run out first.
    expect(performance.now() - startedMs).toBeLessThan(1_900)
    expect(facts(other.handed)).toEqual(['once'])
  })

  it('answers `unknown` within its time when no answer ever comes; the same id tells later', async () => {
    await using replica = await startReplica({ url: throughProxy(), epoch: nextEpoch() })
    const entry = revokedUser('alice', 'once')
    proxy.dropWhile(isAcknowledgement)
    const startedMs = performance.now()
    expect(await replica.writer.publish(entry)).toEqual({ kind: 'unknown' })
    expect(performance.now() - startedMs).toBeLessThan(6_500)
    proxy.dropNothing()
    const later = await replica.writer.publish(entry)
    expect(later).toMatchObject({ kind: 'stored', duplicate: true })
    expect(await replica.reader.waitFor(positionOf(later), 5_000)).toBe(true)
    expect(facts(replica.handed)).toEqual(['once'])
  })

  it('does not call it a conflict when the fact that stands in the way may be its own', async () => {
    const epoch = nextEpoch()
    await using other = await startReplica({ url, epoch })
    await using replica = await startReplica({ url: throughProxy(), epoch })
    await store(other, revokedUser('alice', 'theirs'))
    let left = 1
    proxy.dropWhile((chunk) => chunk.includes('wrong last sequence') && left-- > 0)
    const late = revokedUser('alice', 'mine')
    expect(await replica.writer.publish(late, { expectLast: ORIGIN })).toEqual({ kind: 'unknown' })
    expect(await replica.writer.publish(late, { expectLast: ORIGIN })).toEqual({ kind: 'conflict' })
    proxy.dropNothing()
  })

  it('knows an id again after the server was killed, as long as the entry is the latest about its entity', async () => {
    await using replica = await startReplica({ url, epoch: nextEpoch() })
    const kept = revokedUser('alice', 'kept')
    const superseded = revokedUser('bob', 'superseded')
    const position = await store(replica, kept)
    await store(replica, superseded)
    const newer = await store(replica, revokedUser('bob', 'newer'))
    await servers.nats.kill('SIGKILL')
    await servers.nats.restart()
    await expect.poll(() => replica.reader.healthy, { timeout: 10_000 }).toBe(true)
    expect(await replica.writer.publish(kept)).toEqual({ kind: 'stored', position, duplicate: true })
    // The server relearns ids from what it has stored, and a superseded entry is not stored: only `expectLast` is proof.
    expect(await replica.writer.publish(superseded, { expectLast: ORIGIN })).toEqual({ kind: 'conflict' })
    const again = await replica.writer.publish(superseded)
    expect(again).toMatchObject({ kind: 'stored', duplicate: false })
    expect(positionOf(again) > newer).toBe(true)
  })
})
