/**
 * ④ The names of users and tenants that have sessions, so that operators also find users without any grant.
 * Promise: every user with a session is listed; a name leaves the list after the last session under it could have lived.
 */
import { subjectKey, subjectOf, type SubjectKey, type TenantId, type UserId } from '@curfew/contracts'
import type { ChainableCommander, Redis } from 'ioredis'

import type { SessionNames, SessionStore } from '../../domain/sessions/ports.ts'
import { REMAINS_MS, type SessionRecord } from '../../domain/sessions/session-record.ts'
import { INDEX_PARTS, indexPartOfName, KEYS } from './redis-keys.ts'
import { repliesOf } from './redis-replies.ts'
import { TAKE_DUE_NAMES } from './redis-scripts.ts'

type Name = SubjectKey | TenantId

/** Of each part of the list. */
const DUE_AT_ONCE = 64
const PAGES_AT_ONCE = 40

/** Adds to a pipeline what lists the names of a session. When they are due comes first: see `strikeDue`. */
export function listNames(
  pipeline: ChainableCommander,
  { tenant, user, expiresAtMs }: Pick<SessionRecord, 'tenant' | 'user' | 'expiresAtMs'>,
): void {
  for (const name of [subjectKey(tenant, user), tenant])
    pipeline.zadd(KEYS.namesDue(indexPartOfName(name)), 'GT', expiresAtMs + REMAINS_MS, name)
  addName(pipeline, subjectKey(tenant, user))
  addName(pipeline, tenant)
}

function addName(pipeline: ChainableCommander, name: Name): void {
  const { tenant, user } = partsOf(name)
  if (user === undefined) pipeline.zadd(KEYS.sessionTenants, 0, tenant)
  else pipeline.zadd(KEYS.sessionUsers(tenant), 0, user)
}

function partsOf(name: Name): { readonly tenant: TenantId; readonly user?: UserId } {
  return name.includes('/') ? subjectOf(name as SubjectKey) : { tenant: name as TenantId }
}

export class RedisSessionNames implements SessionNames {
  readonly #redis: Redis
  readonly #sessions: Pick<SessionStore, 'read' | 'pageOfAll'>
  #isComplete = false
  #cursor: string | undefined

  constructor(redis: Redis, sessions: Pick<SessionStore, 'read' | 'pageOfAll'>) {
    this.#redis = redis
    this.#sessions = sessions
  }

  async strikeDue(nowMs: number): Promise<void> {
    const taking = this.#redis.pipeline()
    for (let part = 0; part < INDEX_PARTS; part++)
      taking.eval(TAKE_DUE_NAMES, 1, KEYS.namesDue(part), nowMs, DUE_AT_ONCE)
    const names = (await repliesOf(taking)).flat() as Name[]
    if (names.length === 0) return
    const striking = this.#redis.pipeline()
    for (const name of names) {
      const { tenant, user } = partsOf(name)
      if (user === undefined) striking.zrem(KEYS.sessionTenants, tenant)
      else striking.zrem(KEYS.sessionUsers(tenant), user)
    }
    // A login that came in between has noted until when its name is needed, before it listed it.
    for (const name of names) striking.zscore(KEYS.namesDue(indexPartOfName(name)), name)
    const needed = (await repliesOf(striking)).slice(-names.length)
    const again = names.filter((_, index) => needed[index] !== null)
    if (again.length === 0) return
    const listing = this.#redis.pipeline()
    for (const name of again) addName(listing, name)
    await repliesOf(listing)
  }

  async listEarlier(): Promise<void> {
    this.#isComplete ||= (await this.#redis.exists(KEYS.namesListed)) === 1
    for (let page = 0; page < PAGES_AT_ONCE && !this.#isComplete; page++) {
      const { ids, next } = await this.#sessions.pageOfAll(this.#cursor)
      const { found } = await this.#sessions.read(ids)
      const pipeline = this.#redis.pipeline()
      for (const session of found) if (session !== undefined) listNames(pipeline, session)
      if (next === undefined) pipeline.set(KEYS.namesListed, '1')
      if (pipeline.length > 0) await repliesOf(pipeline)
      this.#cursor = next
      this.#isComplete = next === undefined
    }
  }
}
