import type { LogEntry, Permission, SessionId, TenantId, UserId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { CoherentVerifier, Outcome } from './coherent-verifier.ts'
import {
  EPOCH,
  at,
  barrier,
  common,
  following,
  newSession,
  position,
  remember,
  revoked,
} from './core.fixture.ts'
import { Watches, type EndReason } from './watches.ts'

const GRACE_MS = 5000
const read = 'documents:read' as Permission
const [tenant, user] = ['acme' as TenantId, 'alice' as UserId]
const grantsChanged: LogEntry = {
  ...common,
  id: 'g',
  type: 'grants-changed',
  tenant,
  user,
  roles: [],
  permissions: [],
}

function cached(verifier: CoherentVerifier, session: ReturnType<typeof newSession>, asOf?: number) {
  const outcome = remember(verifier, session, asOf)
  if (outcome.kind !== 'live') throw new Error('expected a live answer')
  return outcome.session
}

function watching(session = newSession(), permissions: Permission[] = [read]) {
  const verifier = following()
  const watches = new Watches(verifier)
  const ends: EndReason[] = []
  const release = watches.add(
    { session: cached(verifier, session), permissions, end: (reason) => ends.push(reason) },
    at(0),
  )
  const apply = (seq: number, entry: LogEntry): void => {
    verifier.receive(seq, entry)
    watches.endBy(entry)
  }
  return { verifier, watches, session, ends, release, apply }
}

describe('an entry', () => {
  it('ends the streams of what it revokes, once, and no others', () => {
    const { ends, watches, session, apply } = watching()
    apply(11, revoked({ type: 'session', session: newSession().id }))
    apply(12, revoked({ type: 'user', tenant, user: 'bob' as UserId }))
    apply(13, revoked({ type: 'global' }, [session.id]))
    expect([ends, watches.size]).toEqual([[], 1])
    apply(14, revoked({ type: 'tenant', tenant }))
    apply(15, revoked({ type: 'global' }))
    expect([ends, watches.size]).toEqual([['revoked'], 0])
  })

  it.each<[string, boolean, (id: SessionId) => LogEntry]>([
    ['revokes it', true, (session) => revoked({ type: 'session', session })],
    ['revokes everyone', true, () => revoked({ type: 'global' })],
    ['revokes everyone else', false, (session) => revoked({ type: 'global' }, [session])],
    ['revokes another', false, () => revoked({ type: 'session', session: newSession().id })],
    ['is a barrier', false, () => barrier('b21')],
  ])('reaches a stream whose session memory has let go: it %s', (_, isEnded, entry) => {
    for (const upset of [
      (verifier: CoherentVerifier) => verifier.doubt(),
      (verifier: CoherentVerifier) => verifier.follow(2),
    ]) {
      const { verifier, session, ends, apply } = watching()
      upset(verifier)
      apply(20, barrier('b20'))
      apply(21, entry(session.id))
      expect(ends).toEqual(isEnded ? ['revoked'] : [])
    }
  })

  it('that suspends ends the streams of those it suspends', () => {
    const { ends, apply } = watching()
    apply(11, { ...common, id: 's', type: 'suspended', tenant, user: 'bob' as UserId })
    expect(ends).toEqual([])
    apply(12, { ...common, id: 't', type: 'suspended', tenant })
    expect(ends).toEqual(['suspended'])
  })
})

describe('a review', () => {
  it('asks about streams that memory cannot vouch for, and ends them when there is no news for too long', () => {
    const { verifier, watches, session, ends } = watching()
    expect(watches.review(at(1000), GRACE_MS)).toEqual([])
    verifier.doubt()
    expect(watches.review(at(6000), GRACE_MS)).toEqual([session.id])
    expect(ends).toEqual([])
    expect(watches.review(at(6001), GRACE_MS)).toEqual([])
    expect(ends).toEqual(['unsure'])
  })

  it('counts from when the question was sent whose answer was good', () => {
    const { verifier, watches, session, ends } = watching()
    verifier.doubt()
    watches.answered(session.id, remember(verifier, session), at(3000))
    watches.review(at(8000), GRACE_MS)
    expect(ends).toEqual([])
    watches.review(at(8001), GRACE_MS)
    expect(ends).toEqual(['unsure'])
  })

  it('notices a permission that an answer about another session has shown to be lost', () => {
    const { verifier, watches, ends, session, apply } = watching()
    apply(11, grantsChanged)
    expect(watches.review(at(1), GRACE_MS)).toEqual([session.id])
    const other = newSession({ permissions: [] })
    cached(verifier, other, 11)
    expect(watches.review(at(2), GRACE_MS)).toEqual([])
    expect(ends).toEqual(['permission-lost'])
  })

  it('ends a stream at the absolute limit, and does not believe a wall clock that is set forward', () => {
    const limited = newSession()
    limited.answer = { ...limited.answer, remainingMs: 2000 }
    const { watches, ends } = watching(limited)
    expect(watches.review(at(10, 99_000), GRACE_MS)).toEqual([limited.id])
    expect(ends).toEqual([])
    watches.review(at(2000), GRACE_MS)
    expect(ends).toEqual(['expired'])
  })
})

describe('an answer', () => {
  const live = (permissions: string[]) => {
    const { verifier, watches, session, ends } = watching()
    const changed = {
      ...session.answer,
      session: { ...session.answer.session, permissions: permissions as Permission[] },
    }
    const question = verifier.ask([session.id], at(1))
    watches.answered(session.id, verifier.answered(question, changed, session.id, position(10)), at(1))
    return ends
  }

  it('ends a stream whose permission it no longer names', () => {
    expect(live(['documents:write'])).toEqual(['permission-lost'])
    expect(live(['documents:read', 'documents:write'])).toEqual([])
  })

  it.each<[Outcome, EndReason[]]>([
    [{ kind: 'stale' }, []],
    [{ kind: 'refused', reason: 'suspended' }, ['suspended']],
    [{ kind: 'refused', reason: 'expired' }, ['expired']],
    [{ kind: 'refused', reason: 'unknown' }, ['revoked']],
  ])('%o ends %o', (outcome, expected) => {
    const { watches, session, ends } = watching()
    watches.answered(newSession().id, outcome, at(1))
    watches.answered(session.id, outcome, at(1))
    expect(ends).toEqual(expected)
  })
})

it('a stream that is over is forgotten without a word, and its session may be evicted again', () => {
  const { verifier, watches, session, ends, release } = watching()
  expect(verifier.cache.get(session.id)?.watchers).toBe(1)
  release()
  release()
  expect(verifier.cache.get(session.id)?.watchers).toBe(0)
  watches.endAll()
  expect([ends, watches.size]).toEqual([[], 0])
})

it('the log of another epoch begins without streams that nobody can vouch for', () => {
  const { verifier, watches, session } = watching()
  verifier.follow(EPOCH + 1)
  expect(watches.review(at(1), GRACE_MS)).toEqual([session.id])
})
