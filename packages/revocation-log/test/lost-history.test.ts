/** ⑤ Logs that are not what they were: an older copy put back, a stream deleted, another one under the same name. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { formatPosition, logSubject, streamName, type LogEntry, type MemberId } from '@curfew/contracts'
import { createCredentials, startServerProcesses, type Servers } from '@curfew/local-system'
import { connectMessaging } from '@curfew/messaging'
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { LogClosing } from '../src/index.ts'
import {
  expired,
  facts,
  revokedSession,
  revokedUser,
  startReplica,
  store,
  storeExpiring,
  whyNoneExpires,
  type Replica,
} from './stage.ts'
import { startTcpProxy } from './tcp-proxy.ts'

const STRANGER = 'stranger' as MemberId

let directory: string
let servers: Servers
let url: string
let admin: NatsConnection
let jsm: JetStreamManager

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'curfew-lost-history-'))
  // Processes, whatever else this machine could run: the store's directory is at hand only so.
  servers = await startServerProcesses({ directory, credentials: createCredentials() })
  url = servers.natsUrl('session')
  admin = await connectMessaging({ url: servers.natsUrl('admin'), name: 'admin' })
  jsm = await jetstreamManager(admin, { timeout: 1_000 })
})
afterEach(async () => {
  await admin.close()
  await servers.stop()
  await rm(directory, { recursive: true, force: true })
})

const live = () => join(directory, 'nats')
const copy = () => join(directory, 'copy')

async function stopped(change: () => Promise<void>): Promise<void> {
  await servers.nats.kill('SIGKILL')
  await change()
  await servers.nats.restart()
}

async function putCopyBack(): Promise<void> {
  await rm(live(), { recursive: true })
  await cp(copy(), live(), { recursive: true })
}

async function write(replica: Replica, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await store(replica, revokedUser(`user${n}`))
}

/** Asked again while the administrator's own connection is on its way back. */
async function lengthOfLog(): Promise<number> {
  const { state } = await vi.waitFor(async () => jsm.streams.info(streamName(1)), 15_000)
  return state.last_seq
}

describe('a log that lost its end', () => {
  it('is doubted as soon as it is back, is not written to any more, and stays doubted', async () => {
    await using replica = await startReplica({ url })
    await write(replica, 10)
    await stopped(async () => cp(live(), copy(), { recursive: true }))
    await expect.poll(() => replica.reader.healthy, { timeout: 10_000 }).toBe(true)
    await write(replica, 50)
    const { applied } = replica.reader
    await stopped(putCopyBack)
    await expect.poll(() => replica.doubts, { timeout: 10_000 }).toHaveLength(1)
    expect(replica.doubts[0]).toMatch(/^rolled back: /)
    expect(replica.reader.healthy).toBe(false)
    const length = await lengthOfLog()
    for (let n = 0; n < 3; n += 1)
      expect(await replica.writer.publish(revokedUser('alice'))).toEqual({ kind: 'unknown' })
    expect(await lengthOfLog()).toBe(length)
    expect(replica.reader.applied).toBe(applied)
    // Whoever stood behind the end that was lost does not get in either.
    await expect(startReplica({ url, startAfter: applied })).rejects.toMatchObject({
      code: 'LOG_ROLLED_BACK',
    })
  })

  it.each([
    ['and holds something else there', (n: number) => `stranger${n}`, /^contradicted: /],
    ['and holds nothing there any more', () => 'stranger', /^rolled back: what had been seen at \d+ is gone/],
  ])(
    'is doubted although it has grown past what was seen before anybody looked, %s',
    async (_, whom, doubt) => {
      await using proxy = await startTcpProxy(servers.nats.port)
      await using replica = await startReplica({ url: proxy.through(url) })
      await write(replica, 10)
      await stopped(async () => cp(live(), copy(), { recursive: true }))
      await expect.poll(() => replica.reader.healthy, { timeout: 10_000 }).toBe(true)
      await write(replica, 20)
      // The reader cannot get back yet, and somebody without a memory is quicker.
      proxy.dropWhile(() => true)
      await stopped(putCopyBack)
      await using stranger = await startReplica({ url, replica: STRANGER })
      for (let n = 0; n < 60; n += 1) await store(stranger, revokedUser(whom(n)))
      // As it does from time to time: the one before is superseded.
      await store(stranger, {
        v: 1,
        id: 'again',
        type: 'barrier',
        at: '',
        actor: 'system',
        replica: STRANGER,
      })
      const { applied } = replica.reader
      expect(stranger.reader.applied > applied).toBe(true)
      expect(replica.doubts).toEqual([])
      proxy.dropNothing()
      proxy.cut()
      await expect.poll(() => replica.doubts, { timeout: 10_000 }).toHaveLength(1)
      expect(replica.doubts[0]).toMatch(doubt)
      expect(replica.reader.applied).toBe(applied)
    },
  )
})

describe('a log whose facts about sessions expire', () => {
  beforeEach(({ skip }) => {
    const reason = whyNoneExpires(admin)
    skip(reason !== undefined, reason)
  })

  it('is doubted where the end of a session has gone before it can have expired', async () => {
    await using replica = await startReplica({ url })
    const ended = await storeExpiring(admin, revokedSession('alice'), '1s')
    await expect.poll(() => replica.handed.some(({ seq }) => seq === ended)).toBe(true)
    await expired(jsm, ended)
    await stopped(async () => undefined)
    await expect.poll(() => replica.doubts, { timeout: 10_000 }).toHaveLength(1)
    expect(replica.doubts[0]).toBe(`rolled back: what had been seen at ${ended} is gone`)
  })

  it('ends where it did when its last entry expires while the server is stopped', async () => {
    {
      await using replica = await startReplica({ url })
      await write(replica, 3)
    }
    const last = await storeExpiring(admin, revokedSession('alice'), '1s')
    await stopped(() => sleep(1_500))
    expect(await lengthOfLog()).toBe(last)
    await expired(jsm, last)
    expect(await lengthOfLog()).toBe(last)
    await using replica = await startReplica({ url, startAfter: formatPosition(1, last) })
    expect(replica.doubts).toEqual([])
  })
})

describe('what is known of a log that is not what it was', () => {
  async function startWitness(): Promise<Replica & { readonly closing: LogClosing }> {
    const closing = new LogClosing()
    const replica = await startReplica({ url, closing })
    const stop = async (): Promise<void> => {
      await closing.end(0)
      await replica[Symbol.asyncDispose]()
    }
    return { ...replica, closing, [Symbol.asyncDispose]: stop }
  }

  const closedFor = () =>
    vi.waitFor(async () => {
      const last_by_subj = logSubject(1, 'closed')
      return (await jsm.streams.getMessage(streamName(1), { last_by_subj }))?.json<LogEntry>().reason
    }, 15_000)

  it('is told to the log when the server is back, and again when the log has lost that too', async () => {
    await using replica = await startWitness()
    await write(replica, 10)
    await stopped(async () => {
      await cp(live(), copy(), { recursive: true })
      replica.disown('as a test says')
    })
    await expect.poll(closedFor, { timeout: 15_000 }).toBe('rolled back: as a test says')
    await stopped(putCopyBack)
    await expect.poll(closedFor, { timeout: 15_000 }).toBe('rolled back: as a test says')
    await expect(startReplica({ url })).rejects.toMatchObject({ code: 'LOG_CLOSED' })
  })

  it('is told once, however long and by however many', async () => {
    await using one = await startWitness()
    await using other = await startWitness()
    one.disown('one')
    other.disown('other')
    await expect.poll(closedFor, { timeout: 15_000 }).toMatch(/one|other/)
    await Promise.all([one.closing.end(5_000), other.closing.end(5_000)])
    const { state } = await jsm.streams.info(streamName(1), { subjects_filter: logSubject(1, 'closed') })
    expect(state.subjects).toEqual({ [logSubject(1, 'closed')]: 1 })
    const length = await lengthOfLog()
    expect((await jsm.streams.getMessage(streamName(1), { seq: length }))?.subject).toBe(
      logSubject(1, 'closed'),
    )
  })

  it('is not told to another log that has its name', async () => {
    await using replica = await startWitness()
    await write(replica, 3)
    await stopped(async () => {
      replica.disown('of the one before')
      await rm(live(), { recursive: true })
      await mkdir(live())
    })
    await using other = await startReplica({ url })
    await replica.closing.end(2_000)
    await store(other, revokedUser('alice'))
    expect(other.doubts).toEqual([])
    expect(await closedFor()).toBeUndefined()
  })
})

describe('a stream that was deleted', () => {
  it('is missed within seconds', async () => {
    await using replica = await startReplica({ url })
    await write(replica, 3)
    await jsm.streams.delete(streamName(1))
    await expect.poll(() => replica.doubts, { timeout: 10_000 }).toEqual(['gone: epoch 1'])
    expect(replica.reader.healthy).toBe(false)
  })

  it('is not taken for another one under its name, however long that one is', async () => {
    await using replica = await startReplica({ url })
    await write(replica, 3)
    await jsm.streams.delete(streamName(1))
    await using other = await startReplica({ url })
    await write(other, 30)
    await expect
      .poll(() => replica.doubts.at(-1), { timeout: 10_000 })
      .toMatch(/^(replaced|rolled back|contradicted): /)
    expect(replica.reader.healthy).toBe(false)
    expect(facts(replica.handed)).toHaveLength(3)
  })
})
