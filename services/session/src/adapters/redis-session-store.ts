/**
 * ④ Sessions in Redis, and the two indexes that list them.
 * Promise: `undefined` means that Redis was asked and has no such session; everything else that goes wrong throws.
 */
import { subjectKey, type SessionId, type SubjectKey } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import { idleExpiresAtMs, REMAINS_MS, type SessionRecord } from '../domain/session-record.ts'
import type { IdPage, Reading, SessionStore } from '../ports.ts'
import { INDEX_PARTS, indexPartOf, KEYS } from './redis-keys.ts'
import { positionFrom, repliesOf } from './redis-replies.ts'
import { CREATE_SESSION, ENROL_SESSION, INDEX_SUBJECT_SESSION, TOUCH_SESSION } from './redis-scripts.ts'
import { fieldsOf, SESSION_FIELDS, sessionFrom } from './redis-session-record.ts'

/** At least so many ids a page, where there are so many: one look-up batch of a verifier. */
const PAGE_SIZE = 256
/** Of each part of the index. */
const DUE_AT_ONCE = 64
/** Other replicas' clocks may be behind: an entry goes only when nobody can think that it is alive. */
const INDEX_GRACE_MS = 60_000

export class RedisSessionStore implements SessionStore {
  readonly #redis: Redis

  constructor(redis: Redis) {
    this.#redis = redis
  }

  async read(ids: readonly SessionId[]): Promise<Reading<SessionRecord | undefined>> {
    const pipeline = this.#redis.pipeline().get(KEYS.applied)
    for (const id of ids) pipeline.hmget(KEYS.session(id), ...SESSION_FIELDS)
    const [applied, ...hashes] = await repliesOf(pipeline)
    const found = ids.map((id, index) => sessionFrom(id, hashes[index]))
    return { projected: positionFrom(applied ?? null), found }
  }

  async create(session: SessionRecord, nowMs: number): Promise<void> {
    const { id } = session
    const part = KEYS.sessionIndex(indexPartOf(id))
    // The indexes first: a session that no list shows could outlive its user's attention; an entry without one cannot.
    await repliesOf(
      this.#redis
        .pipeline()
        .zadd(part, idleExpiresAtMs(session), id)
        .eval(INDEX_SUBJECT_SESSION, 1, ...subjectEntry(session, nowMs)),
    )
    await this.#redis.eval(
      CREATE_SESSION,
      1,
      KEYS.session(id),
      idleExpiresAtMs(session) + REMAINS_MS,
      ...fieldsOf(session),
    )
  }

  async discard({ id, tenant, user }: SessionRecord): Promise<void> {
    await this.#redis.del(KEYS.session(id))
    await this.strike(subjectKey(tenant, user), [id])
    await this.#redis.zrem(KEYS.sessionIndex(indexPartOf(id)), id)
  }

  async reindex(session: SessionRecord, nowMs: number): Promise<void> {
    const pipeline = this.#redis.pipeline()
    pipeline.zadd(KEYS.sessionIndex(indexPartOf(session.id)), idleExpiresAtMs(session), session.id)
    pipeline.eval(INDEX_SUBJECT_SESSION, 1, ...subjectEntry(session, nowMs))
    const logins = KEYS.subjectLogins(subjectKey(session.tenant, session.user))
    pipeline.pexpire(logins, session.expiresAtMs - nowMs, 'GT')
    await repliesOf(pipeline)
  }

  async enrol(session: SessionRecord, max: number, nowMs: number): Promise<readonly SessionId[]> {
    const { id, tenant, user, expiresAtMs } = session
    const subject = subjectKey(tenant, user)
    const keys = [KEYS.subjectLogins(subject), KEYS.subjectSessions(subject)]
    const reply = await this.#redis.eval(ENROL_SESSION, 2, ...keys, id, max, nowMs, expiresAtMs - nowMs)
    return reply as SessionId[]
  }

  async strike(subject: SubjectKey, ids: readonly SessionId[]): Promise<void> {
    const pipeline = this.#redis.pipeline()
    pipeline.zrem(KEYS.subjectSessions(subject), ...ids)
    pipeline.zrem(KEYS.subjectLogins(subject), ...ids)
    await repliesOf(pipeline)
  }

  async touch(sessions: readonly SessionRecord[], nowMs: number): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const session of sessions) {
      const seen = { ...session, lastSeenMs: nowMs }
      pipeline.zadd(KEYS.sessionIndex(indexPartOf(session.id)), 'GT', idleExpiresAtMs(seen), session.id)
      pipeline.eval(INDEX_SUBJECT_SESSION, 1, ...subjectEntry(seen, nowMs))
      pipeline.eval(TOUCH_SESSION, 1, KEYS.session(session.id), nowMs, REMAINS_MS)
    }
    await repliesOf(pipeline)
  }

  async due(atMs: number): Promise<readonly SessionId[]> {
    const pipeline = this.#redis.pipeline()
    for (let part = 0; part < INDEX_PARTS; part += 1)
      pipeline.zrangebyscore(KEYS.sessionIndex(part), '-inf', atMs, 'LIMIT', 0, DUE_AT_ONCE)
    return (await repliesOf(pipeline)).flat() as SessionId[]
  }

  async unlist(ids: readonly SessionId[]): Promise<readonly SessionId[]> {
    const pipeline = this.#redis.pipeline()
    for (const id of ids) pipeline.zrem(KEYS.sessionIndex(indexPartOf(id)), id)
    const removed = ids.length === 0 ? [] : await repliesOf(pipeline)
    return ids.filter((_, index) => removed[index] === 1)
  }

  async pageOfSubject(subject: SubjectKey, cursor: string | undefined): Promise<IdPage> {
    const { ids, last } = await this.#pageByScore(KEYS.subjectSessions(subject), cursor)
    return { ids, next: last }
  }

  async pageOfAll(cursor: string | undefined): Promise<IdPage> {
    const [part = '0', after] = cursor?.split('.') ?? []
    const { ids, last } = await this.#pageByScore(KEYS.sessionIndex(Number(part)), after)
    if (last !== undefined) return { ids, next: `${part}.${last}` }
    const nextPart = Number(part) + 1
    return { ids, next: nextPart < INDEX_PARTS ? String(nextPart) : undefined }
  }

  async count(nowMs: number): Promise<number> {
    const pipeline = this.#redis.pipeline()
    for (let part = 0; part < INDEX_PARTS; part++) pipeline.zcount(KEYS.sessionIndex(part), nowMs, '+inf')
    const counts = (await repliesOf(pipeline)) as number[]
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** In order of scores, which only rise: what moves while somebody pages may come twice, but is not missed. */
  async #pageByScore(key: string, after: string | undefined): Promise<{ ids: SessionId[]; last?: string }> {
    const from = after === undefined ? '-inf' : `(${after}`
    const reply = await this.#redis.zrangebyscore(key, from, '+inf', 'WITHSCORES', 'LIMIT', 0, PAGE_SIZE)
    const ids = new Set(reply.filter((_, index) => index % 2 === 0) as SessionId[])
    const last = reply.at(-1)
    if (ids.size < PAGE_SIZE || last === undefined) return { ids: [...ids] }
    // The page ends where a score ends, so that a score is all the cursor needs.
    for (const id of await this.#redis.zrangebyscore(key, last, last)) ids.add(id as SessionId)
    return { ids: [...ids], last }
  }
}

/** KEYS and ARGV of INDEX_SUBJECT_SESSION. */
function subjectEntry(session: SessionRecord, nowMs: number): [string, SessionId, number, number] {
  const { id, tenant, user } = session
  const key = KEYS.subjectSessions(subjectKey(tenant, user))
  return [key, id, idleExpiresAtMs(session), nowMs - INDEX_GRACE_MS]
}
