/** ⑤ The end of one log and the beginning of the next, whoever is reading, writing or opening at the time. */
import { randomUUID } from 'node:crypto'

import { streamName, type LogEntry } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

import { stateOf } from '../src/epoch/epochs.ts'
import { EpochOpening, findEpochInForce } from '../src/index.ts'
import { createStream } from '../src/stream/nats-stream.ts'
import { facts, latestFacts, revokedUser, revokedUserOf, startReplica, store } from './stage.ts'
import { startTcpProxy } from './tcp-proxy.ts'

let servers: TestServers
let url: string
let nc: NatsConnection
let admin: NatsConnection
let jsm: JetStreamManager

beforeAll(async () => {
  servers = await startTestServers()
  url = servers.natsUrl('session')
  // With no more than the session service may do.
  nc = await connectMessaging({ url, name: 'opening' })
  admin = await connectMessaging({ url: servers.natsUrl('admin'), name: 'admin' })
  jsm = await jetstreamManager(admin)
})
afterEach(async () => {
  for await (const name of jsm.streams.names()) await jsm.streams.delete(name)
})
afterAll(async () => {
  await nc.close()
  await admin.close()
  await servers.stop()
})

describe('a log that is closed', () => {
  it('ends for whoever follows it, and for who comes later', async () => {
    await using replica = await startReplica({ url })
    await store(replica, revokedUser('alice'))
    const opening = await EpochOpening.reserve(nc, 1)
    expect(await opening.closeEarlier()).toEqual([1])
    await expect.poll(() => replica.doubts).toEqual(['closed: epoch 2 follows'])
    expect(replica.reader.frozen).toBe(true)
    expect(replica.handed.at(-1)?.entry.type).toBe('closed')
    expect(await replica.writer.publish(revokedUser('bob'))).toEqual({ kind: 'unknown' })
    await expect(startReplica({ url, epoch: 1 })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    await expect(startReplica({ url })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  })

  it('is read no further, also by who finds more behind its end', async () => {
    await using replica = await startReplica({ url })
    const before = await store(replica, revokedUser('alice'))
    await (await EpochOpening.reserve(nc, 1)).closeEarlier()
    await expect.poll(() => replica.reader.frozen).toBe(true)
    const late = revokedUser('late')
    await jsm.jetstream().publish('curfew.1.log.revoked.user.acme.late', JSON.stringify(late))
    expect(facts(replica.handed)).not.toContain(late.id)
    await expect(startReplica({ url, startAfter: before })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  })
})

describe('the epoch in force', () => {
  it('can be asked for while a log is being created, which nats-server 2.9.10 does not survive by itself', async () => {
    const { pid } = servers.nats
    const others = await Promise.all(
      Array.from({ length: 6 }, () => connectMessaging({ url, name: 'asking' })),
    )
    const asking = await Promise.all(others.map((each) => jetstreamManager(each, { checkAPI: false })))
    for (let epoch = 1; epoch <= 100; epoch += 1) {
      const made = new AbortController()
      const making = createStream({ nc: admin, jsm }, epoch).finally(() => made.abort())
      await Promise.all(
        asking.map(async (each) => {
          while (!made.signal.aborted) await stateOf(each, epoch)
        }),
      )
      await making
    }
    expect(servers.nats.pid).toBe(pid)
    await Promise.all(others.map((each) => each.close()))
  }, 30_000)

  it.each(['stream_names_response', 'stream_msg_get_response'])(
    'is asked for again when no %s comes',
    async (answer) => {
      await using replica = await startReplica({ url })
      await using proxy = await startTcpProxy(servers.nats.port)
      const asking = await connectMessaging({ url: proxy.through(url), name: 'asking' })
      try {
        proxy.dropWhile((chunk) => proxy.dropped === 0 && chunk.includes(answer))
        expect(await findEpochInForce(asking)).toBe(1)
        expect(replica.handed.length).toBeGreaterThan(0)
        expect(proxy.dropped).toBe(1)
      } finally {
        await asking.close()
      }
    },
  )
})

describe('opening', () => {
  it('hands over all that holds, and is in force with its last entry', async () => {
    await using replica = await startReplica({ url })
    for (let n = 0; n < 300; n += 1) await store(replica, revokedUser(`user${n % 100}`))
    const opening = await EpochOpening.reserve(nc, 1)
    expect(await findEpochInForce(nc)).toBe(1)
    await opening.closeEarlier()
    expect(await findEpochInForce(nc)).toBeUndefined()
    const read: LogEntry[] = []
    expect(await opening.readEarlier((entry) => read.push(entry))).toBe(0)
    const expected = latestFacts(replica.handed)
    const found = read
      .filter(({ type }) => type === 'revoked')
      .map((entry) => [revokedUserOf(entry), entry.id])
    expect(new Map(found as [string, string][])).toEqual(expected)
    await opening.write(Array.from({ length: 200 }, (_, n) => revokedUser(`user${n}`)))
    expect(await findEpochInForce(nc)).toBeUndefined()
    expect(await opening.open()).toBe('opened')
    expect(await findEpochInForce(nc)).toBe(2)
    await using next = await startReplica({ url })
    expect([next.epoch, next.logId, facts(next.handed).length]).toEqual([2, opening.logId, 200])
  })

  it('gives every attempt a number of its own', async () => {
    const openings = await Promise.all(Array.from({ length: 5 }, async () => EpochOpening.reserve(nc, 7)))
    expect(openings.map(({ epoch }) => epoch).toSorted((a, b) => a - b)).toEqual([8, 9, 10, 11, 12])
  })

  it('fails for who was closed meanwhile, whatever he had written', async () => {
    const slow = await EpochOpening.reserve(nc, 1)
    await slow.write([revokedUser('alice')])
    const quick = await EpochOpening.reserve(nc, 1)
    await quick.closeEarlier()
    expect(await slow.open()).toBe('superseded')
    expect(await quick.open()).toBe('opened')
    expect(await findEpochInForce(nc)).toBe(3)
  })

  it('of a lower number fails when a higher one is in force already', async () => {
    const high = await EpochOpening.reserve(nc, 5)
    await high.open()
    await jsm.streams.delete(streamName(high.epoch))
    const low = await EpochOpening.reserve(nc, 1)
    const again = await EpochOpening.reserve(nc, 5)
    await again.open()
    expect(await low.open()).toBe('superseded')
    expect(await findEpochInForce(nc)).toBe(6)
  })

  it('never puts an earlier log in force again, also when one without an end is put back', async () => {
    await using replica = await startReplica({ url })
    await store(replica, revokedUser('alice'))
    const opening = await EpochOpening.reserve(nc, 1)
    await opening.closeEarlier()
    await opening.open()
    await jsm.streams.delete(streamName(1))
    await (await startReplica({ url, epoch: 1 }))[Symbol.asyncDispose]()
    expect(await findEpochInForce(nc)).toBe(2)
    await (await EpochOpening.reserve(nc, 2)).closeEarlier()
    expect(await findEpochInForce(nc)).toBeUndefined()
  })

  it('writes nothing that nobody could read', async () => {
    const opening = await EpochOpening.reserve(nc, 1)
    const broken = { ...revokedUser('alice'), id: randomUUID().repeat(9) }
    await expect(opening.write([broken])).rejects.toMatchObject({ code: 'LOG_UNREADABLE' })
  })
})
