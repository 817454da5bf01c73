/** ⑤ Following a real log: order, completeness, compaction behind one's back, entries that cannot be applied. */
import {
  feedSubject,
  formatPosition,
  logSubject,
  sequenceOf,
  streamName,
  type Position,
} from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { headers } from '@nats-io/nats-core'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { NatsLog } from '../src/stream/nats-log.ts'
import { facts, isAscending, latestFacts, revokedUser, revokedUserOf, startReplica, store } from './stage.ts'

let servers: TestServers
let url: string
let lastEpoch = 0

beforeAll(async () => {
  servers = await startTestServers()
  url = servers.natsUrl('session')
})
afterAll(async () => servers.stop())

const nextEpoch = () => (lastEpoch += 1)

describe('a reader', () => {
  it('gets every entry once and in order, also those of other writers', async () => {
    const epoch = nextEpoch()
    await using first = await startReplica({ url, epoch })
    await using second = await startReplica({ url, epoch })
    const positions = await Promise.all(
      Array.from({ length: 300 }, async (_, n) =>
        store(n % 2 === 0 ? first : second, revokedUser(`user${n}`, `id-${n}`)),
      ),
    )
    const last = positions.toSorted().at(-1)!
    for (const replica of [first, second]) {
      expect(await replica.reader.waitFor(last, 5_000)).toBe(true)
      expect(facts(replica.handed).toSorted()).toEqual(
        Array.from({ length: 300 }, (_, n) => `id-${n}`).toSorted(),
      )
      expect(isAscending(replica.handed)).toBe(true)
      expect(replica.reader.healthy).toBe(true)
    }
    expect(facts(first.handed)).toEqual(facts(second.handed))
    expect(first.doubts).toEqual([])
  })

  it('is brought in their order entries that overtake each other on the way', async () => {
    const epoch = nextEpoch()
    const nc = await connectMessaging({ url: servers.natsUrl('admin'), name: 'test' })
    const brought: number[] = []
    const log = new NatsLog(nc, await jetstreamManager(nc), { epoch })
    log.follow({ onEntry: (seq) => void brought.push(seq), onUnreadable: () => {}, onEnd: () => {} })
    for (const seq of [1, 3, 2, 4]) {
      const republished = headers()
      republished.set('Nats-Sequence', String(seq))
      republished.set('Nats-Stream', streamName(epoch))
      nc.publish(feedSubject(epoch).replace('>', 'entry'), '{}', { headers: republished })
    }
    await vi.waitFor(() => expect(brought).toEqual([1, 2, 3, 4]))
    await nc.close()
  })

  it('hands out the entry at the position that its acknowledgement named', async () => {
    await using replica = await startReplica({ url, epoch: nextEpoch() })
    const position = await store(replica, revokedUser('alice', 'the-one'))
    expect(await replica.reader.waitFor(position, 5_000)).toBe(true)
    expect(replica.handed.find(({ seq }) => seq === sequenceOf(position))?.entry.id).toBe('the-one')
  })

  it('begins behind where its caller stands', async () => {
    const epoch = nextEpoch()
    await using first = await startReplica({ url, epoch })
    const before = await store(first, revokedUser('alice', 'before'))
    await store(first, revokedUser('bob', 'after'))
    await using second = await startReplica({ url, epoch, startAfter: before })
    expect(facts(second.handed)).toEqual(['after'])
    expect(second.handed[0]?.seq).toBeGreaterThan(sequenceOf(before))
  })

  it('reads a new epoch from its beginning', async () => {
    await using replica = await startReplica({
      url,
      epoch: nextEpoch(),
      startAfter: formatPosition(lastEpoch - 1, 999),
    })
    expect(replica.handed[0]).toMatchObject({ seq: 1, entry: { type: 'genesis', logId: replica.logId } })
  })

  it('has the latest fact about everybody after entries were superseded while it was away', async () => {
    const epoch = nextEpoch()
    await using writer = await startReplica({ url, epoch })
    let left: Position
    {
      await using reader = await startReplica({ url, epoch })
      left = await store(writer, revokedUser('user0', 'early'))
      expect(await reader.reader.waitFor(left, 5_000)).toBe(true)
    }
    const latest = new Map<string, string>()
    for (let n = 0; n < 500; n += 1) {
      await store(writer, revokedUser(`user${n % 7}`, `id-${n}`))
      latest.set(`user${n % 7}`, `id-${n}`)
    }
    await using back = await startReplica({ url, epoch, startAfter: left })
    expect(latestFacts(back.handed)).toEqual(latest)
    expect(facts(back.handed)).toHaveLength(7)
    expect(isAscending(back.handed)).toBe(true)
  })

  it('never claims a position while a fact before it waits behind a newer one, under constant writing', async () => {
    const epoch = nextEpoch()
    await using writer = await startReplica({ url, epoch })
    const written = new Map<number, string>()
    const writing = new AbortController()
    const lane = (async () => {
      for (let n = 0; !writing.signal.aborted; n += 1) {
        const name = `user${n % 5}`
        written.set(sequenceOf(await store(writer, revokedUser(name))), name)
      }
    })()
    const claims: number[] = []
    for (let round = 0; round < 15; round += 1) {
      await using late = await startReplica({ url, epoch })
      const applied = sequenceOf(late.reader.applied)
      claims.push(applied)
      const newest = new Map(late.handed.map(({ seq, entry }) => [revokedUserOf(entry), seq]))
      const missing = [...written].filter(([seq, name]) => seq <= applied && (newest.get(name) ?? 0) < seq)
      expect(missing).toEqual([])
    }
    writing.abort()
    await lane
    expect(claims.at(-1)).toBeGreaterThan(claims[0]!)
  })

  it('offers an entry again that could not be applied, and nothing behind it before', async () => {
    const epoch = nextEpoch()
    await using writer = await startReplica({ url, epoch })
    let isBroken = true
    await using replica = await startReplica({
      url,
      epoch,
      beforeEntry: (entry) => {
        if (isBroken && entry.id === 'hard') throw new Error('the projection is full')
      },
    })
    await store(writer, revokedUser('alice', 'easy'))
    await store(writer, revokedUser('bob', 'hard'))
    const last = await store(writer, revokedUser('carol', 'behind'))
    await vi.waitFor(() => expect(replica.doubts).toHaveLength(1))
    expect(replica.doubts[0]).toMatch(/^refused: /)
    expect(replica.reader.healthy).toBe(false)
    expect(await replica.reader.waitFor(last, 400)).toBe(false)
    expect(facts(replica.handed)).toEqual(['easy'])
    isBroken = false
    expect(await replica.reader.waitFor(last, 10_000)).toBe(true)
    await vi.waitFor(() => expect(replica.reader.healthy).toBe(true))
    expect(facts(replica.handed)).toEqual(['easy', 'hard', 'behind'])
  })

  it('stops before an entry that it does not understand until a later fact has taken its place', async () => {
    const epoch = nextEpoch()
    await using replica = await startReplica({ url, epoch })
    const admin = await connectMessaging({ url: servers.natsUrl('admin'), name: 'test' })
    await jetstream(admin).publish(
      logSubject(epoch, 'revoked', 'user', 'acme', 'alice'),
      '{"v":9,"type":"later"}',
    )
    await vi.waitFor(() => expect(replica.doubts).toHaveLength(1))
    expect(replica.doubts[0]).toMatch(/^unreadable: /)
    expect(replica.reader.healthy).toBe(false)
    const position = await store(replica, revokedUser('alice', 'repaired'))
    expect(await replica.reader.waitFor(position, 10_000)).toBe(true)
    expect(facts(replica.handed)).toEqual(['repaired'])
    await admin.close()
  })

  it('shows that the feed works even when nobody writes', async () => {
    await using replica = await startReplica({ url, epoch: nextEpoch() })
    const { applied } = replica.reader
    await vi.waitFor(() => expect(replica.reader.applied > applied).toBe(true), 10_000)
    expect(replica.handed.at(-1)?.entry.type).toBe('barrier')
    expect(replica.reader.healthy).toBe(true)
  })

  it('answers waiters that its time is up, and everybody at close', async () => {
    await using replica = await startReplica({ url, epoch: nextEpoch() })
    const future = formatPosition(replica.epoch, 1_000_000)
    expect(await replica.reader.waitFor(replica.reader.applied, 0)).toBe(true)
    expect(await replica.reader.waitFor(future, 20)).toBe(false)
    const waiting = replica.reader.waitFor(future, 60_000)
    await replica.reader.close()
    expect(await waiting).toBe(false)
    expect(replica.reader.healthy).toBe(false)
    expect(replica.doubts).toEqual([])
  })

  it('says so when its connection is closed under it', async () => {
    await using replica = await startReplica({ url, epoch: nextEpoch() })
    await replica.nc.close()
    await vi.waitFor(() => expect(replica.doubts[0]).toMatch(/^feed ended: /))
    expect(replica.reader.healthy).toBe(false)
    expect(await replica.writer.publish(revokedUser('alice'))).toEqual({ kind: 'unknown' })
  })
})
