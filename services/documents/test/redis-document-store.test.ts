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
import { newDocument, type Document } from '../src/domain/document.ts'
import type { DocumentStore } from '../src/ports.ts'

const acme = 'acme' as TenantId
const content = {
  size: 3,
  digest: 'sha-256=:PgConU8oGKK5SXwSUxZvCU7wQLrl6jwu9EsLhxsoLWU=:' as Digest,
  etag: '"x"',
}
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

function documentOf(tenant: TenantId, atMs: number, name = `at ${atMs}`): Document {
  const description = { name, contentType: 'text/plain' }
  return newDocument(description, { tenant, user: 'alice' as UserId }, atMs)
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
    await store.add(full)
    await store.add(bare)
    expect(await store.find(acme, full.id)).toEqual(full)
    expect(await store.find(acme, bare.id)).toEqual(bare)
  })

  it('is not found under another tenant, nor listed there', async () => {
    const document = documentOf(acme, 1)
    await store.add(document)
    expect(await store.find('globex' as TenantId, document.id)).toBeUndefined()
    expect(await store.list('globex' as TenantId, { after: undefined, limit: 10 })).toEqual({
      documents: [],
      next: undefined,
    })
  })

  it('is gone once removed, index and all, and removing it again does no harm', async () => {
    const document = documentOf(acme, 1)
    await store.add(document)
    await store.remove(document)
    await store.remove(document)
    expect(await store.find(acme, document.id)).toBeUndefined()
    expect(await admin.keys('*')).toEqual([])
  })

  it('is not revived by what somebody learns about it late', async () => {
    const document = documentOf(acme, 1)
    await store.add(document)
    await store.remember({ ...document, content })
    expect(await store.find(acme, document.id)).toEqual({ ...document, content })
    await store.remove(document)
    await store.remember({ ...document, content })
    expect(await admin.keys('*')).toEqual([])
  })

  it('that lies there damaged is an error and not half a document', async () => {
    const document = documentOf(acme, 1)
    await store.add(document)
    await admin.set(`documents:{acme}:document:${document.id}`, '{"v":1}')
    await expect(store.find(acme, document.id)).rejects.toThrow('Parse')
  })
})

describe('the list', () => {
  it('is newest first, whole on every size of page', async () => {
    for (const ms of [3, 1, 5, 2, 4]) await store.add(documentOf(acme, ms))
    expect(await names(10)).toEqual([['at 5', 'at 4', 'at 3', 'at 2', 'at 1']])
    expect(await names(5)).toEqual([['at 5', 'at 4', 'at 3', 'at 2', 'at 1']])
    expect(await names(2)).toEqual([['at 5', 'at 4'], ['at 3', 'at 2'], ['at 1']])
  })

  it('loses and repeats nothing of the same millisecond', async () => {
    const all = Array.from({ length: 7 }, (_, n) => documentOf(acme, 1, `n${n}`))
    for (const document of all) await store.add(document)
    const listed = (await names(3)).flat()
    expect(listed).toHaveLength(7)
    expect(new Set(listed).size).toBe(7)
  })

  it('goes on where it was, whatever came and went meanwhile', async () => {
    const documents = [1, 2, 3, 4].map((ms) => documentOf(acme, ms))
    for (const document of documents) await store.add(document)
    const first = await store.list(acme, { after: undefined, limit: 2 })
    await store.add(documentOf(acme, 5))
    for (const gone of documents.slice(2)) await store.remove(gone)
    const second = await store.list(acme, { after: first.next, limit: 2 })
    expect(second.documents.map(({ name }) => name)).toEqual(['at 2', 'at 1'])
  })
})

it('keeps everything of a tenant in one slot and under its own prefix', async () => {
  await store.add(documentOf(acme, 1))
  await store.add(documentOf('a.b@c+d:e|f~g-h' as TenantId, 1))
  for (const key of await admin.keys('*')) expect(key).toMatch(/^documents:\{[^{}]+\}:/)
  await expect(redis.get('curfew:session:x')).rejects.toThrow(/NOPERM|permissions/)
})

it('says that it does not know, and has stored nothing, when Redis is full', async () => {
  await admin.config('SET', 'maxmemory', '1')
  const document = documentOf(acme, 1)
  await expect(store.add(document)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' })
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
