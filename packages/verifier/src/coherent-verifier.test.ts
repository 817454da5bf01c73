import { inspect } from 'node:util'

import {
  formatSessionToken,
  newSessionId,
  newSessionSecret,
  type ClientId,
  type LogEntry,
  type RoleName,
  type SessionId,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { at, common, following, newSession, position, presenting, remember, revoked } from './core.fixture.ts'

describe('a remembered session', () => {
  it('is admitted from memory under a lease, and not a moment longer', () => {
    const [verifier, session] = [following(), newSession()]
    expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'miss' })
    remember(verifier, session)
    expect(verifier.check(session.token, at(4499))).toMatchObject({ kind: 'admitted' })
    expect(verifier.check(session.token, at(4500))).toMatchObject({ kind: 'miss' })
  })

  it('is not told by its id alone: another secret is a mismatch, what cannot be one is malformed', () => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    const head = session.token.slice(0, 26)
    expect(verifier.check(head + 'A'.repeat(43), at(1))).toEqual({ kind: 'refused', reason: 'mismatch' })
    expect(verifier.check(head + '='.repeat(43), at(1))).toEqual({ kind: 'refused', reason: 'malformed' })
    expect(verifier.check(`cfr_${session.token.slice(4)}`, at(1))).toEqual({
      kind: 'refused',
      reason: 'malformed',
    })
    expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'admitted' })
  })

  it('is the same object at every hit', () => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    const [first, second] = [verifier.check(session.token, at(1)), verifier.check(session.token, at(2))]
    if (first.kind !== 'admitted' || second.kind !== 'admitted') throw new Error('not remembered')
    expect(first.session).toBe(second.session)
  })

  it('is refused to another secret under the same id, without asking anyone', () => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    const forged = formatSessionToken(session.id, newSessionSecret())
    expect(verifier.check(forged, at(1))).toEqual({ kind: 'refused', reason: 'mismatch' })
    expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'admitted' })
  })

  it('shows its proof to nobody who prints or serialises it', () => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    const verdict = verifier.check(session.token, at(1))
    if (verdict.kind !== 'admitted') throw new Error('expected a hit')
    const everything =
      JSON.stringify(verdict) + inspect(verdict, { depth: 9, showHidden: true, getters: true })
    expect(everything).not.toContain(session.answer.proof)
  })

  it.each<[string, (id: SessionId) => LogEntry]>([
    ['itself', (session) => revoked({ type: 'session', session })],
    ['its user', () => revoked({ type: 'user', tenant: 'acme' as TenantId, user: 'alice' as UserId })],
    ['its tenant', () => revoked({ type: 'tenant', tenant: 'acme' as TenantId })],
    ['its client', () => revoked({ type: 'client', client: 'api' as ClientId })],
    ['everyone', () => revoked({ type: 'global' })],
  ])('is over as soon as an entry revoking %s has been applied', (_, entry) => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    verifier.receive(11, entry(session.id))
    expect(verifier.check(session.token, at(1))).not.toMatchObject({ kind: 'admitted' })
    // What was on its way with the old truth is not believed either.
    expect(remember(verifier, session, 10).kind).toBe('stale')
  })

  it.each<[string, (id: SessionId) => LogEntry]>([
    ['another session', () => revoked({ type: 'session', session: newSessionId() })],
    ['another user', () => revoked({ type: 'user', tenant: 'acme' as TenantId, user: 'bob' as UserId })],
    [
      'the same user name of another tenant',
      () => revoked({ type: 'user', tenant: 'globex' as TenantId, user: 'alice' as UserId }),
    ],
    ['everyone but this session', (id) => revoked({ type: 'global' }, [id])],
    [
      'a user, but not this session',
      (id) => revoked({ type: 'user', tenant: 'acme' as TenantId, user: 'alice' as UserId }, [id]),
    ],
  ])('goes on when the entry revokes %s', (_, entry) => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    verifier.receive(11, entry(session.id))
    expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'admitted' })
  })

  it('that was born after a revocation is not ended by it', () => {
    const [verifier, session] = [following(10), newSession({ birth: 11 })]
    remember(verifier, session, 11)
    verifier.receive(11, revoked({ type: 'global' }))
    expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'admitted' })
  })

  it('that is over is not brought back by being spared later', () => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    verifier.receive(11, revoked({ type: 'global' }))
    verifier.receive(12, revoked({ type: 'global' }, [session.id]))
    expect(verifier.check(session.token, at(1))).not.toMatchObject({ kind: 'admitted' })
  })

  it('is asked about again after its grants, its role or a suspension changed', () => {
    const [verifier, session] = [following(), newSession()]
    const tenant = 'acme' as TenantId
    const changes: LogEntry[] = [
      {
        ...common,
        id: 'g',
        type: 'grants-changed',
        tenant,
        user: 'alice' as UserId,
        roles: [],
        permissions: [],
      },
      { ...common, id: 'o', type: 'role-changed', tenant, role: 'viewer' as RoleName, permissions: [] },
      { ...common, id: 's', type: 'suspended', tenant },
      { ...common, id: 't', type: 'resumed', tenant, user: 'alice' as UserId },
    ]
    for (const [index, change] of changes.entries()) {
      remember(verifier, session, 10 + index)
      expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'admitted' })
      verifier.receive(11 + index, change)
      expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'miss' })
    }
  })

  it('shares what is learnt about its subject with the subject’s other sessions', () => {
    const verifier = following()
    const [first, second] = [newSession(), newSession()]
    remember(verifier, first)
    remember(verifier, second)
    const tenant = 'acme' as TenantId
    verifier.receive(11, {
      ...common,
      id: 'g',
      type: 'grants-changed',
      tenant,
      user: 'alice' as UserId,
      roles: [],
      permissions: [],
    })
    const changed = {
      ...first,
      answer: { ...first.answer, session: { ...first.answer.session, permissions: [] } },
    }
    remember(verifier, changed, 11)
    const verdict = verifier.check(second.token, at(1))
    expect(verdict.kind === 'admitted' && [...verdict.session.permissions]).toEqual([])
  })

  it('ends at its absolute limit by whichever clock gets there first, and is asked about at its idle limit', () => {
    const session = newSession()
    const answer = { ...session.answer, idleRemainingMs: 1000, remainingMs: 2000 }
    for (const [now, expected] of [
      [at(999), 'admitted'],
      [at(1000), 'miss'],
      [at(2000), 'refused'],
      // A wall clock that is set forward ends nothing: the store is asked what time it is.
      [at(10, 2000), 'miss'],
    ] as const) {
      const verifier = following()
      remember(verifier, { ...session, answer })
      expect(verifier.check(session.token, now).kind).toBe(expected)
    }
  })
})

describe('after the lease has ended', () => {
  const staleKind = (
    verifier: ReturnType<typeof following>,
    session: ReturnType<typeof newSession>,
    ms: number,
  ) => verifier.staleVerdictOn(presenting(session), at(ms), 1000)?.kind

  it('who accepts what was true a moment ago gets it, counted from when the lease was last seen to hold', () => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    expect(verifier.check(session.token, at(4000)).kind).toBe('admitted')
    expect(staleKind(verifier, session, 5000)).toBe('admitted')
    expect(staleKind(verifier, session, 5001)).toBeUndefined()
    expect(staleKind(verifier, newSession(), 5000)).toBeUndefined()
    const forged = { ...presenting(session), proof: newSession().answer.proof }
    expect(verifier.staleVerdictOn(forged, at(5000), 1000)).toBeUndefined()
  })

  it.each<[string, (verifier: ReturnType<typeof following>, id: SessionId) => unknown]>([
    ['a revocation', (verifier) => verifier.receive(11, revoked({ type: 'global' }))],
    [
      'its own revocation',
      (verifier, session) => verifier.receive(11, revoked({ type: 'session', session })),
    ],
    [
      'a suspension',
      (verifier) =>
        verifier.receive(11, { ...common, id: 's', type: 'suspended', tenant: 'acme' as TenantId }),
    ],
    ['a gap', (verifier) => verifier.receive(13, revoked({ type: 'global' }))],
    ['a lost connection', (verifier) => verifier.doubt()],
  ])('%s ends that too', (_, upset) => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    verifier.check(session.token, at(4000))
    upset(verifier, session.id)
    expect(staleKind(verifier, session, 4600)).toBeUndefined()
  })
})

describe('memory', () => {
  it('is bounded, and what is used stays', () => {
    const verifier = following(10, 100)
    const used = newSession({ user: 'used' })
    remember(verifier, used)
    for (let n = 0; n < 1000; n += 1) {
      remember(verifier, newSession({ user: `user-${n}` }))
      verifier.check(used.token, at(1))
    }
    expect(verifier.cache.size).toBeLessThanOrEqual(100)
    expect(verifier.check(used.token, at(1))).toMatchObject({ kind: 'admitted' })
  })

  it.each(['', 'cfs_', 'x'.repeat(69), 'cfr_' + 'A'.repeat(65), 'cfs_' + '.'.repeat(65)])(
    'has no place for %j',
    (token) => {
      expect(following().check(token, at(1))).toEqual({ kind: 'refused', reason: 'malformed' })
    },
  )
})

it('an answer that was overtaken by a later one changes nothing, not even the secret', () => {
  const [verifier, session] = [following(), newSession()]
  const rotated = { ...newSession(), id: session.id }
  rotated.answer = { ...rotated.answer, session: { ...rotated.answer.session, id: session.id } }
  const early = verifier.ask([session.id], at(0))
  remember(verifier, rotated, 10, at(1))
  const outcome = verifier.answered(early, session.answer, session.id, position(10))
  if (outcome.kind !== 'live') throw new Error('expected a live answer')
  expect(verifier.verdictOn(outcome.session, presenting(session), at(2))).toMatchObject({
    reason: 'mismatch',
  })
  expect(verifier.check(session.token, at(2))).toMatchObject({ reason: 'mismatch' })
})

it('an answer that took longer than the session had left admits nobody', () => {
  const [verifier, session] = [following(), newSession()]
  const outcome = remember(verifier, { ...session, answer: { ...session.answer, remainingMs: 1000 } })
  if (outcome.kind !== 'live') throw new Error('expected a live answer')
  expect(verifier.verdictOn(outcome.session, presenting(session), at(999)).kind).toBe('admitted')
  expect(verifier.verdictOn(outcome.session, presenting(session), at(1000))).toMatchObject({
    reason: 'expired',
  })
})
