/** ⑤ Opening a log: creating it, finding it, refusing one that is not as it must be or not what it was. */
import { formatPosition, logSubject, sequenceOf, streamName, type Position } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import { StorageType, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { EpochOpening, surveyLogs } from '../src/index.ts'
import { createStream } from '../src/stream/nats-stream.ts'
import {
  expired,
  facts,
  revokedSession,
  revokedUser,
  startReplica,
  store,
  storeExpiring,
  whyNoneExpires,
} from './stage.ts'
import { startTcpProxy } from './tcp-proxy.ts'

let servers: TestServers
let url: string
let admin: NatsConnection
let jsm: JetStreamManager

beforeAll(async () => {
  servers = await startTestServers()
  url = servers.natsUrl('session')
  admin = await connectMessaging({ url: servers.natsUrl('admin'), name: 'admin' })
  jsm = await jetstreamManager(admin)
})
afterEach(async () => {
  for await (const name of jsm.streams.names()) await jsm.streams.delete(name)
})
afterAll(async () => {
  await admin.close()
  await servers.stop()
})

async function close(replica: Promise<AsyncDisposable>): Promise<void> {
  await (await replica)[Symbol.asyncDispose]()
}

describe('openLog', () => {
  it('creates the first epoch, beginning with a genesis entry, and finds it again', async () => {
    await using first = await startReplica({ url })
    await using second = await startReplica({ url, create: false })
    expect([first.epoch, second.epoch]).toEqual([1, 1])
    expect(second.logId).toBe(first.logId)
    expect(second.handed[0]).toMatchObject({ seq: 1, entry: { type: 'genesis', logId: first.logId } })
  })

  it('creates one log when many begin at once', async () => {
    const replicas = await Promise.all(Array.from({ length: 6 }, async () => startReplica({ url })))
    expect(new Set(replicas.map(({ logId }) => logId)).size).toBe(1)
    for (const { handed } of replicas)
      expect(handed.filter(({ entry }) => entry.type === 'genesis')).toHaveLength(1)
    await Promise.all(replicas.map(async (replica) => replica[Symbol.asyncDispose]()))
  })

  it('creates it also where the server confuses those who begin at once', async () => {
    // In 9 of 400 attempts of two, nats-server 2.9.10 said to one that the stream overlaps with itself.
    const admins = await Promise.all(
      [1, 2].map(() => connectMessaging({ url: servers.natsUrl('admin'), name: 'admin' })),
    )
    const managers = await Promise.all(admins.map((nc) => jetstreamManager(nc, { checkAPI: false })))
    for (let epoch = 1; epoch <= 200; epoch += 1) {
      const made = await Promise.all(
        managers.map((each, index) => createStream({ nc: admins[index]!, jsm: each }, epoch)),
      )
      expect(made.map(({ config }) => config.name)).toEqual([streamName(epoch), streamName(epoch)])
    }
    await Promise.all(admins.map((nc) => nc.close()))
  })

  it('takes the highest epoch that was opened when none is named, never one that is half made', async () => {
    for (const above of [1, 9]) expect(await (await EpochOpening.reserve(admin, above)).open()).toBe('opened')
    await jsm.streams.add({ name: 'CURFEW_77x', subjects: ['other.>'] })
    await EpochOpening.reserve(admin, 10)
    await using replica = await startReplica({ url, create: false })
    expect(replica.epoch).toBe(10)
  })

  it('does not create a log unless asked', async () => {
    await expect(startReplica({ url, create: false })).rejects.toMatchObject({ code: 'LOG_MISSING' })
    await expect(startReplica({ url, create: false, epoch: 4 })).rejects.toMatchObject({
      code: 'LOG_MISSING',
    })
    expect(await jsm.streams.names().next()).toEqual([])
  })

  it('does not create a log a second time', async () => {
    const startAfter = formatPosition(3, 17)
    await expect(startReplica({ url, startAfter })).rejects.toMatchObject({ code: 'LOG_MISSING' })
    await expect(startReplica({ url, startAfter, epoch: 3 })).rejects.toMatchObject({ code: 'LOG_MISSING' })
    await using next = await startReplica({ url, startAfter, epoch: 4 })
    expect(next.handed[0]?.seq).toBe(1)
  })

  it('refuses an epoch that is older than what was seen', async () => {
    await close(startReplica({ url, epoch: 2 }))
    const startAfter = formatPosition(3, 1)
    await expect(startReplica({ url, startAfter })).rejects.toMatchObject({ code: 'LOG_ROLLED_BACK' })
  })

  it('closes a log that is shorter than what was seen, and adds nothing else to it', async () => {
    let position: Position
    {
      await using replica = await startReplica({ url })
      position = await store(replica, revokedUser('alice'))
    }
    const { last_seq: length } = (await jsm.streams.info(streamName(1))).state
    const startAfter = formatPosition(1, sequenceOf(position) + 1_000)
    await expect(startReplica({ url, startAfter })).rejects.toMatchObject({ code: 'LOG_ROLLED_BACK' })
    for (let attempt = 0; attempt < 3; attempt += 1)
      await expect(startReplica({ url, startAfter: position })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
    expect((await jsm.streams.info(streamName(1))).state.last_seq).toBe(length + 1)
  })

  it('refuses a stream that is not set up as it must be, and names each fault', async () => {
    await jsm.streams.add({
      name: streamName(1),
      subjects: [logSubject(1)],
      storage: StorageType.Memory,
      max_age: 3_600e9,
      duplicate_window: 120e9,
    })
    await expect(startReplica({ url })).rejects.toMatchObject({
      code: 'LOG_SETTINGS',
      message: expect.stringMatching(
        /storage: .*max_msgs_per_subject: .*max_age: .*discard: .*duplicate_window: .*deny_delete: .*republish: /,
      ),
    })
  })

  it('refuses a log whose first entry is not a genesis', async () => {
    await close(startReplica({ url }))
    const { config } = await jsm.streams.info(streamName(1))
    await jsm.streams.delete(streamName(1))
    await jsm.streams.add(config)
    await jsm.jetstream().publish(logSubject(1, 'barrier', 'x'), '{}')
    await expect(startReplica({ url })).rejects.toMatchObject({ code: 'LOG_SETTINGS' })
    await expect(startReplica({ url, create: false })).rejects.toMatchObject({ code: 'LOG_MISSING' })
  })

  it('writes the genesis entry that a creator died before writing', async () => {
    await close(startReplica({ url }))
    const { config } = await jsm.streams.info(streamName(1))
    await jsm.streams.delete(streamName(1))
    await jsm.streams.add(config)
    await using replica = await startReplica({ url })
    expect(replica.handed[0]?.entry.type).toBe('genesis')
  })

  it('does not open on an entry that it cannot read, and says which', async () => {
    await close(startReplica({ url }))
    const { seq } = await jsm.jetstream().publish(logSubject(1, 'revoked', 'global'), 'not an entry')
    await expect(startReplica({ url })).rejects.toMatchObject({
      code: 'LOG_UNREADABLE',
      message: expect.stringContaining(`the entry at ${seq}`),
    })
  })

  // Which epoch it is; whether it is there; whether it is over; its genesis; before anything is added; before it is read.
  it.each([1, 2, 3, 4, 5, 6])(
    'asks again when nobody says how far a log goes that is there already: question %i',
    async (nth) => {
      await close(startReplica({ url }))
      await using proxy = await startTcpProxy(servers.nats.port)
      let asked = 0
      proxy.dropWhile((chunk) => chunk.includes('stream_info_response') && (asked += 1) === nth)
      await using replica = await startReplica({ url: proxy.through(url) })
      expect(proxy.dropped).toBe(1)
      expect(replica.handed[0]?.entry.type).toBe('genesis')
    },
  )

  it('asks again when the server has created the stream and its answer does not come', async () => {
    await using proxy = await startTcpProxy(servers.nats.port)
    proxy.dropWhile((chunk) => proxy.dropped === 0 && chunk.includes('stream_create_response'))
    await using replica = await startReplica({ url: proxy.through(url) })
    expect(proxy.dropped).toBe(1)
    expect(replica.handed[0]?.entry.type).toBe('genesis')
  })

  it('does not open for who may not read the feed or write', async () => {
    await close(startReplica({ url }))
    await expect(startReplica({ url: servers.natsUrl('files') })).rejects.toMatchObject({
      code: 'LOG_UNAVAILABLE',
    })
  })

  it('reads a long log in full before it is handed out', async () => {
    await using writer = await startReplica({ url })
    const ids = Array.from({ length: 3_000 }, (_, n) => `id-${n}`)
    const lane = async (first: number) => {
      for (let n = first; n < ids.length; n += 50) await store(writer, revokedUser(`user${n}`, `id-${n}`))
    }
    await Promise.all(Array.from({ length: 50 }, async (_, first) => lane(first)))
    await using replica = await startReplica({ url })
    expect(facts(replica.handed).toSorted()).toEqual(ids.toSorted())
    expect(replica.reader.healthy).toBe(true)
  })
})

describe('a log whose facts about sessions expire', () => {
  beforeEach(({ skip }) => {
    const reason = whyNoneExpires(admin)
    skip(reason !== undefined, reason)
  })

  it('is told how long it keeps the end of a session, and keeps everything else', async () => {
    await using replica = await startReplica({ url })
    await store(replica, revokedSession('alice'))
    await store(replica, revokedUser('alice'))
    const ttls = new Map<string, string>()
    for (let seq = 1; seq <= sequenceOf(replica.reader.applied); seq += 1) {
      const stored = await jsm.streams.getMessage(streamName(1), { seq })
      const ttl = stored?.header.get('Nats-TTL')
      if (stored !== null && ttl) ttls.set(stored.subject, ttl)
    }
    expect([...ttls]).toEqual([[logSubject(1, 'revoked', 'session', 'alice'.padEnd(22, '_')), '3196800s']])
  })

  it('is opened, followed and surveyed across what has expired', async () => {
    await using first = await startReplica({ url })
    const inTheMiddle = await storeExpiring(admin, revokedSession('alice'), '1s')
    await store(first, revokedUser('bob', 'kept'))
    const last = await storeExpiring(admin, revokedSession('carol'), '1s')
    for (const seq of [inTheMiddle, last]) await expired(jsm, seq)
    await using second = await startReplica({ url })
    expect(facts(second.handed)).toEqual(['kept'])
    await store(first, revokedUser('dave', 'later'))
    await expect.poll(() => facts(second.handed)).toEqual(['kept', 'later'])
    const surveyed: string[] = []
    const survey = await surveyLogs(admin)
    expect(await survey.readFacts((entry) => void surveyed.push(entry.id))).toBe(0)
    expect(surveyed).toEqual(expect.arrayContaining(['kept', 'later']))
    expect([first.doubts, second.doubts]).toEqual([[], []])
  })
})
