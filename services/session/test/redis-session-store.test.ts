import { newSessionId, ORIGIN, subjectKey, type SessionId } from '@curfew/contracts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { RedisSessionStore } from '../src/adapters/redis-session-store.ts'
import type { SessionRecord } from '../src/domain/session-record.ts'
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
    for (const each of sessions) await store.create(each, Date.now())
    const { found } = await store.read(sessions.map(({ id }) => id))
    expect(found).toEqual(sessions)
  })

  it('pages through hundreds that expire in the same millisecond', async () => {
    const expiresAtMs = Date.now() + 500_000
    const user = 'crowd' as never
    const created = Array.from({ length: 600 }, () => session({ user, expiresAtMs, idleTimeoutMs: 900_000 }))
    const last = session({ user, expiresAtMs: expiresAtMs + 1, idleTimeoutMs: 900_000 })
    await Promise.all([...created, last].map((each) => store.create(each, Date.now())))
    const ids = [...created, last].map(({ id }) => id).toSorted()
    const key = subjectKey('acme' as never, user)
    expect((await walk((cursor) => store.pageOfSubject(key, cursor))).toSorted()).toEqual(ids)
    const all = await walk((cursor) => store.pageOfAll(cursor))
    expect(all.filter((id) => ids.includes(id)).toSorted()).toEqual(ids)
  })

  it('misses nobody who is seen while the pages are read', async () => {
    const prefix = 'AA'
    const created = Array.from({ length: 600 }, (_, n) =>
      session({ id: (prefix + newSessionId().slice(2)) as SessionId, lastSeenMs: Date.now() + n }),
    )
    await Promise.all(created.map((each) => store.create(each, Date.now())))
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
    expect(await stage.redis.exists(`curfew:session:{${gone.id}}`)).toBe(0)
    const there = session()
    await store.create(there, there.createdAtMs)
    await store.touch([there], there.createdAtMs + 5_000)
    await store.touch([there], there.createdAtMs + 2_000)
    expect((await store.read([there.id])).found[0]?.lastSeenMs).toBe(there.createdAtMs + 5_000)
  })

  it('calls a damaged hash no session', async () => {
    const damaged = session()
    await store.create(damaged, Date.now())
    await stage.redis.hdel(`curfew:session:{${damaged.id}}`, 'b')
    expect((await store.read([damaged.id])).found).toEqual([undefined])
  })
})
