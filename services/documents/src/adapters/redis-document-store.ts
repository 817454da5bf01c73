/**
 * ③ Documents in Redis, the keys of one tenant in one slot: a record each, and an index in the order of creation.
 * Promise: a record and its place in the index come and go together; what is remembered about a document never revives it.
 */
import type { TenantId } from '@curfew/contracts'
import type { Redis } from '@curfew/service-kit/redis'

import { idAt, placeOf, type Place } from '../domain/cursor.ts'
import type { DocumentId } from '../domain/document.ts'
import type { DocumentStore } from '../ports.ts'
import { readRecord, writeRecord } from './document-record.ts'

/** Names hold no brace, so that the hash tag is the whole tenant. */
const recordKey = (tenant: TenantId, id: DocumentId): string => `documents:{${tenant}}:document:${id}`
const indexKey = (tenant: TenantId): string => `documents:{${tenant}}:by-creation`

export function createRedisDocumentStore(redis: Redis): DocumentStore {
  return {
    add: async (document) => {
      const { tenant, id } = document
      await redis
        .multi()
        .set(recordKey(tenant, id), writeRecord(document))
        .zadd(indexKey(tenant), 0, placeOf(document))
        .exec()
        .then(throwFirstError)
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

    remove: async (document) => {
      const { tenant, id } = document
      await redis
        .multi()
        .del(recordKey(tenant, id))
        .zrem(indexKey(tenant), placeOf(document))
        .exec()
        .then(throwFirstError)
    },
  }
}

/** A transaction reports the failure of a command in its place instead of rejecting. */
function throwFirstError(replies: [error: Error | null, result: unknown][] | null): void {
  const failed = replies?.find(([error]) => error !== null)
  if (failed?.[0]) throw failed[0]
}
