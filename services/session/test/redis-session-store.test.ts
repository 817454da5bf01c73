import {
  formatPosition,
  newSessionId,
  ORIGIN,
  subjectKey,
  type LogEntry,
  type SessionId,
  type SubjectKey,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { RedisDirectory } from '../src/adapters/redis/redis-directory.ts'
import { RedisProjection } from '../src/adapters/redis/redis-projection.ts'
import { END_SESSION } from '../src/adapters/redis/redis-scripts.ts'
import { RedisSessionNames } from '../src/adapters/redis/redis-session-names.ts'
import { RedisSessionStore } from '../src/adapters/redis/redis-session-store.ts'
import { factOf } from '../src/domain/log/facts.ts'
import type { Unprojected } from '../src/domain/log/log-view.ts'
import { REMAINS_MS, type SessionRecord } from '../src/domain/sessions/session-record.ts'
import { setStage, type Stage } from './stage.ts'

let stage: Stage
let store: RedisSessionStore
beforeAll(async () => {
  stage = await setStage()
  store = new RedisSessionStore(stage.redis)
})
afterAll(() => stage[Symbol.asyncDispose]())

function session(changes: Partial<SessionRecord> = {}): SessionRecord {
  const nowMs = Date.now()
  return {
    id: newSessionId(),
    secretHash: 'h'.repeat(43) as never,
    tenant: 'acme' as never,
    user: 'alice' as never,
    client: 'browser' as never,
    birth: ORIGIN,
    createdAtMs: nowMs,
    authTimeMs: nowMs,
    acr: 'password',
    amr: ['pwd', 'a,b"c'],
    label: undefined,
    idleTimeoutMs: 60_000,
    expiresAtMs: nowMs + 600_000,
    lastSeenMs: nowMs,
    ...changes,
  }
}

async function walk(
  page: (cursor: string | undefined) => ReturnType<RedisSessionStore['pageOfAll']>,
): Promise<SessionId[]> {
  const ids: SessionId[] = []
  let cursor: string | undefined
  do {
    const { ids: some, next } = await page(cursor)
    ids.push(...some)
    cursor = next
  } while (cursor !== undefined)
  return ids
}

describe('the store', () => {
  it('gives back what it was given, long names, an empty label and odd signs included', async () => {
    const sessions = [
      session(),
      session({ label: '' }),
      session({ label: '"🙂\u0000', user: 'u'.repeat(128) as never, acr: 'x'.repeat(128), amr: [] }),
    ]
    for (const each of sessions) await store.create(each)
    const { found } = await store.read(sessions.map(({ id }) => id))
    expect(found).toEqual(sessions)
  })

  it('pages through hundreds that expire in the same millisecond', async () => {
    const expiresAtMs = Date.now() + 500_000
    const created = Array.from({ length: 600 }, () => session({ expiresAtMs, idleTimeoutMs: 900_000 }))
    const last = session({ expiresAtMs: expiresAtMs + 1, idleTimeoutMs: 900_000 })
    await Promise.all([...created, last].map((each) => store.create(each)))
    const ids = [...created, last].map(({ id }) => id).toSorted()
    const all = await walk((cursor) => store.pageOfAll(cursor))
    expect(all.filter((id) => ids.includes(id)).toSorted()).toEqual(ids)
  })

  it('misses nobody who is seen while the pages are read', async () => {
    const prefix = 'AA'
    const created = Array.from({ length: 600 }, (_, n) =>
      session({ id: (prefix + newSessionId().slice(2)) as SessionId, lastSeenMs: Date.now() + n }),
    )
    await Promise.all(created.map((each) => store.create(each)))
    const seen = new Set<SessionId>()
    await walk(async (cursor) => {
      const page = await store.pageOfAll(cursor)
      for (const id of page.ids) seen.add(id)
      if (cursor === undefined) await store.touch(created.slice(0, 300), Date.now() + 10_000)
      return page
    })
    for (const { id } of created) expect(seen.has(id)).toBe(true)
  })

  it('neither revives a session by touching it nor moves its time back', async () => {
    const gone = session()
    await store.touch([gone], Date.now() + 1_000)
    expect(await stage.redis.exists(`curfew:session:${gone.id}`)).toBe(0)
    const there = session()
    await store.create(there)
    await store.touch([there], there.createdAtMs + 5_000)
    await store.touch([there], there.createdAtMs + 2_000)
    expect((await store.read([there.id])).found[0]?.lastSeenMs).toBe(there.createdAtMs + 5_000)
  })

  it('calls a damaged hash no session', async () => {
    const damaged = session()
    await store.create(damaged)
    await stage.redis.hdel(`curfew:session:${damaged.id}`, 'b')
    expect((await store.read([damaged.id])).found).toEqual([undefined])
  })
})

describe('the names of those who have sessions', () => {
  const DAY_MS = 86_400_000
  const HOOLI = { tenant: 'hooli' as TenantId, user: 'gavin' as UserId }
  const isListed = () => new RedisDirectory(stage.redis).knows(HOOLI)
  const names = () => new RedisSessionNames(stage.redis, store)
  const later = (until: number) => names().strikeDue(until + REMAINS_MS)

  it('are listed until the last of the sessions could have lived', async () => {
    const [first, last] = [session(HOOLI), session(HOOLI)].map((each, n) => ({
      ...each,
      expiresAtMs: each.expiresAtMs + n * DAY_MS,
    })) as [SessionRecord, SessionRecord]
    for (const each of [last, first]) await store.create(each)
    await later(first.expiresAtMs)
    expect(await isListed()).toBe(true)
    await store.relist({ ...first, expiresAtMs: last.expiresAtMs + DAY_MS })
    await later(last.expiresAtMs)
    expect(await isListed()).toBe(true)
    await later(last.expiresAtMs + DAY_MS)
    expect(await isListed()).toBe(false)
  })

  it('stay listed where somebody logs in while they are taken from the list', async () => {
    const first = session(HOOLI)
    await store.create(first)
    const redis = stage.redis.duplicate()
    const pipeline = redis.pipeline.bind(redis)
    let pipelines = 0
    redis.pipeline = (...args) => {
      const made = pipeline(...args)
      const exec = made.exec.bind(made)
      // Between taking what is due and striking it.
      made.exec = async () => {
        if ((pipelines += 1) === 2)
          await store.create(session({ ...HOOLI, expiresAtMs: Date.now() + DAY_MS }))
        return exec()
      }
      return made
    }
    await new RedisSessionNames(redis, store).strikeDue(first.expiresAtMs + REMAINS_MS)
    redis.disconnect()
    expect(pipelines).toBe(3)
    expect(await isListed()).toBe(true)
  })

  it('come from the sessions there are, once, where there were no such lists yet', async () => {
    await store.create(session(HOOLI))
    await stage.redis.del('curfew:session-users:hooli', 'curfew:session-tenants')
    expect(await isListed()).toBe(false)
    await names().listEarlier()
    expect(await isListed()).toBe(true)
    await stage.redis.del('curfew:session-users:hooli')
    await names().listEarlier()
    expect(await isListed()).toBe(false)
  })
})

describe('the list of a user', () => {
  const MANY = 1_000
  let users = 0
  const newUser = () => ({ user: `user-${(users += 1)}` as UserId })
  const keyOf = ({ tenant, user }: SessionRecord): SubjectKey => subjectKey(tenant, user)
  const expiryOf = (of: SessionRecord) => stage.redis.pexpiretime(`curfew:user:${keyOf(of)}`)
  const listOf = (of: SessionRecord) => walk((cursor) => store.pageOfSubject(keyOf(of), cursor))

  async function logIn(changes: Partial<SessionRecord>): Promise<SessionRecord> {
    const created = session(changes)
    await store.create(created)
    await store.enrol(created, MANY)
    return created
  }

  it('has all of hundreds in the order of their logins, page by page, and those that log in meanwhile', async () => {
    const user = newUser()
    const created: SessionRecord[] = []
    for (let n = 0; n < 600; n++) created.push(await logIn(user))
    const [first] = created as [SessionRecord]
    const ids: SessionId[] = []
    await walk(async (cursor) => {
      const page = await store.pageOfSubject(keyOf(first), cursor)
      ids.push(...page.ids)
      if (cursor === undefined) {
        await store.unlist(page.ids.map((id) => ({ id, subject: keyOf(first) })))
        created.push(await logIn(user))
      }
      return page
    })
    expect(ids).toEqual(created.map(({ id }) => id))
  })

  it('has a session before it exists, and keeps one that was looked for too early', async () => {
    const user = newUser()
    const first = await logIn(user)
    const second = session(user)
    await store.create(second)
    const tooEarly = (await store.enrol(first, 0)).filter((login) => login.session === second.id)
    expect(tooEarly).toEqual([{ session: second.id, login: 0 }])
    await store.enrol(second, MANY)
    await store.strike(keyOf(first), tooEarly)
    expect(await listOf(first)).toEqual([first.id, second.id])
    const all = await store.enrol(second, 0)
    await store.strike(keyOf(first), all.slice(0, 1))
    expect(await listOf(first)).toEqual([second.id])
  })

  it('goes with the last of its sessions where the log has said nothing about the user, and else stays', async () => {
    const nowMs = Date.now()
    const first = await logIn({ ...newUser(), expiresAtMs: nowMs + 600_000 })
    const { user } = first
    await logIn({ user, expiresAtMs: nowMs + 300_000 })
    expect(await expiryOf(first)).toBe(nowMs + 600_000 + REMAINS_MS)
    await store.relist({ ...first, expiresAtMs: nowMs + 900_000 })
    expect(await expiryOf(first)).toBe(nowMs + 900_000 + REMAINS_MS)
    const said: LogEntry = { ...HEAD, type: 'suspended', tenant: first.tenant, user }
    await new RedisProjection(stage.redis).write([unprojected(said)])
    expect(await expiryOf(first)).toBe(-1)
    await logIn({ user, expiresAtMs: nowMs + 600_000 })
    expect(await expiryOf(first)).toBe(-1)
  })

  it('loses a session before that is gone, so that who dies in between leaves nothing behind', async () => {
    const ended = await logIn(newUser())
    const scope = { type: 'session', session: ended.id } as const
    const end = [unprojected({ ...HEAD, type: 'revoked', scope })]
    await expect(new RedisProjection(withoutDel(stage.redis)).write(end)).rejects.toThrow('cut off')
    expect([await listOf(ended), (await store.read([ended.id])).found]).toEqual([[], [ended]])
    await new RedisProjection(stage.redis).write(end)
    expect((await store.read([ended.id])).found).toEqual([undefined])
  })
})

const HEAD = { v: 1, id: 'e', at: '2026-01-01T00:00:00.000Z', actor: 'system' } as const

function unprojected(entry: LogEntry): Unprojected {
  const position = formatPosition(1, 7)
  const fact = factOf(entry, position)
  if (fact === undefined) throw new Error('no fact')
  return { entry, fact, position }
}

/** Fails where a session is deleted. */
function withoutDel(redis: Redis): Redis {
  const pipeline = () => {
    const real = redis.pipeline()
    const run = real.eval.bind(real) as (...args: unknown[]) => typeof real
    const evaluate = (script: string, ...args: unknown[]) =>
      script === END_SESSION ? run("return redis.error_reply('cut off')", 0) : run(script, ...args)
    return Object.assign(real, { eval: evaluate })
  }
  return new Proxy(redis, { get: (of, name) => (name === 'pipeline' ? pipeline : Reflect.get(of, name)) })
}
