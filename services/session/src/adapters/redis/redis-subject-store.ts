/**
 * ④ What Redis knows of subjects.
 * Promise: a subject that the log has never spoken about has no facts; a Redis that cannot be asked throws.
 */
import type { SubjectKey } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import type { SubjectFacts } from '../../domain/log/facts.ts'
import type { Reading } from '../../domain/log/ports.ts'
import type { SubjectStore } from '../../domain/sessions/ports.ts'
import { KEYS } from './redis-keys.ts'
import { positionFrom, repliesOf } from './redis-replies.ts'
import { SUBJECT_FIELDS, subjectFactsFrom } from './redis-subject-record.ts'

export class RedisSubjectStore implements SubjectStore {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async read(subjects: readonly SubjectKey[]): Promise<Reading<SubjectFacts>> {
    const pipeline = this.#redis.pipeline().get(KEYS.applied)
    for (const subject of subjects) pipeline.hmget(KEYS.subject(subject), ...SUBJECT_FIELDS)
    const [applied, ...hashes] = await repliesOf(pipeline)
    return { projected: positionFrom(applied ?? null), found: hashes.map(subjectFactsFrom) }
  }
}
