/**
 * ③ Documents in a real Redis, as the user that the service has there.
 */
import { once } from 'node:events'

import type { TenantId, UserId } from '@curfew/contracts'
import type { Digest } from '@curfew/one-time-claims'
import { connectRedis, type Redis } from '@curfew/service-kit/redis'
import { startTestServers, type TestServers } from '@curfew/test-kit'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { createRedisDocumentStore } from '../src/adapters/redis-document-store.ts'
import { createRedisUploadAllowance } from '../src/adapters/redis-upload-allowance.ts'
import { newDocument, type Document } from '../src/domain/document.ts'
import type { DocumentStore } from '../src/ports.ts'

const acme = 'acme' as TenantId
const content = {
  size: 3,
  digest: 'sha-256=:PgConU8oGKK5SXwSUxZvCU7wQLrl6jwu9EsLhxsoLWU=:' as Digest,
  etag: '"x"',
}
const ROOMY = { perUser: 100, perTenant: 100 }
let servers: TestServers
let redis: Redis
let admin: Redis
let store: DocumentStore

beforeAll(async () => {
  servers = await startTestServers()
  redis = connectRedis({ url: servers.redisUrl('documents'), name: 'documents' })
  admin = connectRedis({ url: servers.redisUrl('admin'), name: 'admin' })
  store = createRedisDocumentStore(redis)
  await Promise.all([once(redis, 'ready'), once(admin, 'ready')])
})
afterAll(async () => {
  redis.disconnect()
  admin.disconnect()
  await servers[Symbol.asyncDispose]()
})
beforeEach(async () => {
  await admin.flushall()
})

function documentOf(tenant: TenantId, atMs: number, name = `at ${atMs}`, by = 'alice'): Document {
  const description = { name, contentType: 'text/plain' }
  return newDocument(description, { tenant, user: by as UserId }, atMs)
}
const names = async (limit: number): Promise<string[][]> => {
  const pages: string[][] = []
  let page = await store.list(acme, { after: undefined, limit })
  for (;;) {
    pages.push(page.documents.map(({ name }) => name))
    if (page.next === undefined) return pages
    page = await store.list(acme, { after: page.next, limit })
  }
}

describe('a document', () => {
  it('comes back as it was added, with everything it had', async () => {
    const full = {
      ...documentOf(acme, 1, 'Grüße 😀 "quoted".txt'),
      size: 0,
      digest: content.digest,
      content,
    }
    const bare = documentOf(acme, 2)
    await store.add(full, ROOMY)
    await store.add(bare, ROOMY)
    expect(await store.find(acme, full.id)).toEqual(full)
    expect(await store.find(acme, bare.id)).toEqual(bare)
  })

  it('is not found under another tenant, nor listed there', async () => {
    const document = documentOf(acme, 1)
    await store.add(document, ROOMY)
    expect(await store.find('globex' as TenantId, document.id)).toBeUndefined()
    expect(await store.list('globex' as TenantId, { after: undefined, limit: 10 })).toEqual({
      documents: [],
      next: undefined,
    })
  })

  it('is gone once removed, index and all, and removing it again does no harm', async () => {
    const document = documentOf(acme, 1)
    await store.add(document, ROOMY)
    await store.remove(document)
    await store.remove(document)
    expect(await store.find(acme, document.id)).toBeUndefined()
    expect(await admin.keys('*')).toEqual([])
  })

  it('is not revived by what somebody learns about it late', async () => {
    const document = documentOf(acme, 1)
    await store.add(document, ROOMY)
    await store.remember({ ...document, content })
    expect(await store.find(acme, document.id)).toEqual({ ...document, content })
    await store.remove(document)
    await store.remember({ ...document, content })
    expect(await admin.keys('*')).toEqual([])
  })

  it('that lies there damaged is an error and not half a document', async () => {
    const document = documentOf(acme, 1)
    await store.add(document, ROOMY)
    await admin.set(`documents:{acme}:document:${document.id}`, '{"v":1}')
    await expect(store.find(acme, document.id)).rejects.toThrow('Parse')
  })
})

describe('the list', () => {
  it('is newest first, whole on every size of page', async () => {
    for (const ms of [3, 1, 5, 2, 4]) await store.add(documentOf(acme, ms), ROOMY)
    expect(await names(10)).toEqual([['at 5', 'at 4', 'at 3', 'at 2', 'at 1']])
    expect(await names(5)).toEqual([['at 5', 'at 4', 'at 3', 'at 2', 'at 1']])
    expect(await names(2)).toEqual([['at 5', 'at 4'], ['at 3', 'at 2'], ['at 1']])
  })

  it('loses and repeats nothing of the same millisecond', async () => {
    const all = Array.from({ length: 7 }, (_, n) => documentOf(acme, 1, `n${n}`))
    for (const document of all) await store.add(document, ROOMY)
    const listed = (await names(3)).flat()
    expect(listed).toHaveLength(7)
    expect(new Set(listed).size).toBe(7)
  })

  it('goes on where it was, whatever came and went meanwhile', async () => {
    const documents = [1, 2, 3, 4].map((ms) => documentOf(acme, ms))
    for (const document of documents) await store.add(document, ROOMY)
    const first = await store.list(acme, { after: undefined, limit: 2 })
    await store.add(documentOf(acme, 5), ROOMY)
    for (const gone of documents.slice(2)) await store.remove(gone)
    const second = await store.list(acme, { after: first.next, limit: 2 })
    expect(second.documents.map(({ name }) => name)).toEqual(['at 2', 'at 1'])
  })
})

describe('a quota', () => {
  const stored = async (): Promise<number> => (await names(100)).flat().length

  it('is kept by many who add at once, and what is refused leaves nothing', async () => {
    const quota = { perUser: 5, perTenant: 100 }
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, n) => store.add(documentOf(acme, n), quota)),
    )
    expect(outcomes.filter((outcome) => outcome === 'full').length).toBeGreaterThanOrEqual(15)
    expect(await stored()).toBe(outcomes.filter((outcome) => outcome === 'added').length)
    while ((await store.add(documentOf(acme, 100), quota)) === 'added');
    expect(await stored()).toBe(5)
    // A record each, and the two indexes.
    expect(await admin.keys('*')).toHaveLength(7)
  })

  it('of a user is theirs, and that of a tenant is for all of its users', async () => {
    const quota = { perUser: 1, perTenant: 2 }
    const ofAlice = documentOf(acme, 1)
    expect(await store.add(ofAlice, quota)).toBe('added')
    expect(await store.add(documentOf(acme, 2), quota)).toBe('full')
    expect(await store.add(documentOf(acme, 3, 'b', 'bob'), quota)).toBe('added')
    expect(await store.add(documentOf(acme, 4, 'c', 'carl'), quota)).toBe('full')
    expect(await store.add(documentOf('globex' as TenantId, 5), quota)).toBe('added')
    await store.remove(ofAlice)
    expect(await store.add(documentOf(acme, 6), quota)).toBe('added')
  })
})

describe('claims for uploads', () => {
  const alice = { tenant: acme, user: 'alice' as UserId }
  const bob = { tenant: acme, user: 'bob' as UserId }
  const allowance = () => createRedisUploadAllowance(redis, { perUser: 3, perTenant: 4 })

  it('are as many as may be out at a time, of a user and of a tenant, until they expire', async () => {
    const nowMs = Date.now()
    const minute = { nowMs, untilMs: nowMs + 60_000 }
    for (let n = 0; n < 3; n += 1) expect(await allowance().take(alice, minute)).toBe('taken')
    expect(await allowance().take(alice, minute)).toBe('full')
    expect(await allowance().take(bob, minute)).toBe('taken')
    expect(await allowance().take(bob, minute)).toBe('full')
    expect(await allowance().take({ ...bob, tenant: 'globex' as TenantId }, minute)).toBe('taken')
    const later = { nowMs: nowMs + 60_000, untilMs: nowMs + 120_000 }
    expect(await allowance().take(alice, later)).toBe('taken')
    for (const key of await admin.keys('*')) expect(await admin.pttl(key)).toBeGreaterThan(0)
  })

  it('are counted as one of many at once', async () => {
    const nowMs = Date.now()
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => allowance().take(alice, { nowMs, untilMs: nowMs + 60_000 })),
    )
    expect(outcomes.filter((outcome) => outcome === 'taken').length).toBeLessThanOrEqual(3)
  })
})

it('keeps everything of a tenant in one slot and under its own prefix', async () => {
  await store.add(documentOf(acme, 1), ROOMY)
  await store.add(documentOf('a.b@c+d:e|f~g-h' as TenantId, 1), ROOMY)
  for (const key of await admin.keys('*')) expect(key).toMatch(/^documents:\{[^{}]+\}:/)
  await expect(redis.get('curfew:session:x')).rejects.toThrow(/NOPERM|permissions/)
})

it('says that it does not know, and has stored nothing, when Redis is full', async () => {
  await admin.config('SET', 'maxmemory', '1')
  const document = documentOf(acme, 1)
  await expect(store.add(document, ROOMY)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' })
  await admin.config('SET', 'maxmemory', '0')
  expect(await admin.keys('*')).toEqual([])
})

it('says that it does not know when Redis is gone', async () => {
  await servers.redis.kill('SIGKILL')
  await expect(store.list(acme, { after: undefined, limit: 1 })).rejects.toMatchObject({
    code: 'REDIS_UNAVAILABLE',
  })
  await servers.redis.restart()
  await vi.waitFor(async () => expect(await store.list(acme, { after: undefined, limit: 1 })).toBeDefined(), {
    timeout: 10_000,
  })
})
