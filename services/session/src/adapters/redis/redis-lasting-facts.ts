/**
 * ④ ⑤ Everything in Redis that outlives sessions, read as a whole.
 * Promise: complete, or it throws: a role or grant that was missed would be lost with the epoch.
 */
import type { SubjectKey } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import type { Fact } from '../../domain/log/facts.ts'
import { INDEX_PARTS, KEYS } from './redis-keys.ts'
import { RedisProjection } from './redis-projection.ts'
import { RedisSubjectStore } from './redis-subject-store.ts'

const AT_ONCE = 500

export async function readLastingFacts(redis: Redis, onFact: (fact: Fact) => void): Promise<void> {
  const { wide } = await new RedisProjection(redis).load()
  for (const fact of wide) onFact({ reach: 'wide', fact })
  const store = new RedisSubjectStore(redis)
  for (let part = 0; part < INDEX_PARTS; part += 1)
    for await (const subjects of pages(redis, KEYS.subjectIndex(part))) {
      const { found } = await store.read(subjects)
      for (const [index, subject] of subjects.entries())
        onFact({ reach: 'subject', subject, facts: found[index] ?? {} })
    }
}

/** Members that are there all the time come at least once. */
async function* pages(redis: Redis, key: string): AsyncGenerator<SubjectKey[]> {
  let cursor = '0'
  do {
    const [next, members] = await redis.sscan(key, cursor, 'COUNT', AT_ONCE)
    if (members.length > 0) yield members as SubjectKey[]
    cursor = next
  } while (cursor !== '0')
}
