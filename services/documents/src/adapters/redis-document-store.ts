/**
 * ③ Documents in Redis, the keys of one tenant in one slot: a record each, an index in the order of creation, and one of each
 * user's.
 * Promise: a record and its places in the indexes come and go together; what is remembered about a document never revives it.
 */
import type { TenantId, UserId } from '@curfew/contracts'
import type { Redis } from '@curfew/service-kit/redis'

import { idAt, placeOf, type Place } from '../domain/cursor.ts'
import type { Document, DocumentId } from '../domain/document.ts'
import type { DocumentStore } from '../ports.ts'
import { readRecord, writeRecord } from './document-record.ts'
import { repliesOf } from './redis-replies.ts'

/** Names of tenants hold no brace, so that the hash tag is the whole tenant. */
const recordKey = (tenant: TenantId, id: DocumentId): string => `documents:{${tenant}}:document:${id}`
const indexKey = (tenant: TenantId): string => `documents:{${tenant}}:by-creation`
const ownKey = (tenant: TenantId, user: UserId): string => `documents:{${tenant}}:of:${user}`

export function createRedisDocumentStore(redis: Redis): DocumentStore {
  async function remove(document: Document): Promise<void> {
    const { tenant, id, createdBy } = document
    await redis
      .multi()
      .del(recordKey(tenant, id))
      .zrem(indexKey(tenant), placeOf(document))
      .zrem(ownKey(tenant, createdBy), id)
      .exec()
      .then(repliesOf)
  }

  return {
    add: async (document, quota) => {
      const { tenant, id, createdBy } = document
      // Counted with the new one, in the same transaction: of many at once as many stay as there is room for.
      const replies = await redis
        .multi()
        .set(recordKey(tenant, id), writeRecord(document))
        .zadd(indexKey(tenant), 0, placeOf(document))
        .zadd(ownKey(tenant, createdBy), 0, id)
        .zcard(indexKey(tenant))
        .zcard(ownKey(tenant, createdBy))
        .exec()
        .then(repliesOf)
      if (Number(replies[3]) <= quota.perTenant && Number(replies[4]) <= quota.perUser) return 'added'
      await remove(document)
      return 'full'
    },

    find: async (tenant, id) => {
      const json = await redis.get(recordKey(tenant, id))
      return json === null ? undefined : readRecord(json)
    },

    list: async (tenant, { after, limit }) => {
      // Scores are all the same, so that the order is the text of the members and `(` begins exactly behind one of them.
      const start = after === undefined ? '+' : `(${after}`
      const found = await redis.zrange(indexKey(tenant), start, '-', 'BYLEX', 'REV', 'LIMIT', 0, limit + 1)
      const places = found.slice(0, limit)
      if (places.length === 0) return { documents: [], next: undefined }
      const records = await redis.mget(places.map((place) => recordKey(tenant, idAt(place))))
      return {
        // Null: removed since the index was read.
        documents: records.filter((json) => json !== null).map(readRecord),
        next: found.length > limit ? (places.at(-1) as Place) : undefined,
      }
    },

    remember: async (document) => {
      await redis.set(recordKey(document.tenant, document.id), writeRecord(document), 'XX')
    },

    remove,
  }
}
