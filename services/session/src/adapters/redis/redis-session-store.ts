/**
 * ④ Sessions in Redis, and the two lists that each is in: of its user, by login, and of all, by deadline.
 * Promise: `undefined` means that Redis was asked and has no such session; everything else that goes wrong throws.
 */
import { subjectKey, type SessionId, type SubjectKey } from '@curfew/contracts'
import type { Redis } from 'ioredis'

import type { Reading } from '../../domain/log/ports.ts'
import { STORE_PAGE_SIZE } from '../../domain/sessions/list-sessions.ts'
import type { IdPage, Login, OverSession, SessionStore } from '../../domain/sessions/ports.ts'
import { idleExpiresAtMs, REMAINS_MS, type SessionRecord } from '../../domain/sessions/session-record.ts'
import { INDEX_PARTS, indexPartOf, KEYS } from './redis-keys.ts'
import { positionFrom, repliesOf } from './redis-replies.ts'
import {
  CREATE_SESSION,
  ENROL_SESSION,
  LIST_SESSION,
  STRIKE_SESSIONS,
  TOUCH_SESSION,
} from './redis-scripts.ts'
import { listNames } from './redis-session-names.ts'
import { fieldsOf, SESSION_FIELDS, sessionFrom } from './redis-session-record.ts'
import { loginsIn } from './redis-subject-record.ts'

/** Of each part of the index. */
const DUE_AT_ONCE = 64

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

  async create(session: SessionRecord): Promise<void> {
    const { id } = session
    const lists = this.#redis
      .pipeline()
      .zadd(KEYS.sessionIndex(indexPartOf(id)), idleExpiresAtMs(session), id)
      .eval(LIST_SESSION, 1, ...listing(session))
    listNames(lists, session)
    // The lists first: a session that none shows could outlive its user's attention; an entry without one cannot.
    await repliesOf(lists)
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
    await this.unlist([{ id, subject: subjectKey(tenant, user) }])
  }

  async relist(session: SessionRecord): Promise<void> {
    const [user, , neededUntilMs] = listing(session)
    const lists = this.#redis
      .pipeline()
      .zadd(KEYS.sessionIndex(indexPartOf(session.id)), idleExpiresAtMs(session), session.id)
      .pexpireat(user, neededUntilMs, 'GT')
    listNames(lists, session)
    await repliesOf(lists)
  }

  async enrol(session: SessionRecord, max: number): Promise<readonly Login[]> {
    return loginsIn((await this.#redis.eval(ENROL_SESSION, 1, ...listing(session), max)) as string[])
  }

  async strike(subject: SubjectKey, logins: readonly Login[]): Promise<void> {
    const entries = logins.flatMap(({ session, login }) => [session, login])
    await this.#redis.eval(STRIKE_SESSIONS, 1, KEYS.subject(subject), ...entries)
  }

  async touch(sessions: readonly SessionRecord[], nowMs: number): Promise<void> {
    const pipeline = this.#redis.pipeline()
    for (const session of sessions) {
      const seen = { ...session, lastSeenMs: nowMs }
      pipeline.zadd(KEYS.sessionIndex(indexPartOf(session.id)), 'GT', idleExpiresAtMs(seen), session.id)
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

  async unlist(over: readonly OverSession[]): Promise<readonly SessionId[]> {
    if (over.length === 0) return []
    const pipeline = this.#redis.pipeline()
    // The user's list first: what is still in the index of all is looked at again.
    for (const { id, subject } of over) if (subject !== undefined) pipeline.hdel(KEYS.subject(subject), id)
    for (const { id } of over) pipeline.zrem(KEYS.sessionIndex(indexPartOf(id)), id)
    const removed = (await repliesOf(pipeline)).slice(-over.length)
    return over.filter((_, index) => removed[index] === 1).map(({ id }) => id)
  }

  async pageOfSubject(
    subject: SubjectKey,
    cursor: string | undefined,
    limit = STORE_PAGE_SIZE,
  ): Promise<IdPage> {
    const fields = Object.entries(await this.#redis.hgetall(KEYS.subject(subject))).flat()
    const later = loginsIn(fields).filter(({ login }) => login > Number(cursor ?? -1))
    const page = later.slice(0, limit)
    const next = later.length > page.length ? page.at(-1)?.login : undefined
    return { ids: page.map(({ session }) => session), next: next?.toString() }
  }

  async pageOfAll(cursor: string | undefined, limit = STORE_PAGE_SIZE): Promise<IdPage> {
    const [part = '0', after] = cursor?.split('.') ?? []
    const { ids, last } = await this.#pageByScore(KEYS.sessionIndex(Number(part)), after, limit)
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
  async #pageByScore(
    key: string,
    after: string | undefined,
    limit: number,
  ): Promise<{ ids: SessionId[]; last?: string }> {
    const from = after === undefined ? '-inf' : `(${after}`
    const reply = await this.#redis.zrangebyscore(key, from, '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
    const ids = new Set(reply.filter((_, index) => index % 2 === 0) as SessionId[])
    const last = reply.at(-1)
    if (ids.size < limit || last === undefined) return { ids: [...ids] }
    // The page ends where a score ends, so that a score is all the cursor needs.
    for (const id of await this.#redis.zrangebyscore(key, last, last)) ids.add(id as SessionId)
    return { ids: [...ids], last }
  }
}

/** KEYS and ARGV of LIST_SESSION. */
function listing({ id, tenant, user, expiresAtMs }: SessionRecord): [string, SessionId, number] {
  return [KEYS.subject(subjectKey(tenant, user)), id, expiresAtMs + REMAINS_MS]
}
