import type { TenantId, UserId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { CoherentVerifier } from './coherent-verifier.ts'
import {
  LEASE_MS,
  EPOCH,
  at,
  barrier,
  following,
  newSession,
  position,
  remember,
  revoked,
  presenting,
} from './core.fixture.ts'

describe('an answer', () => {
  it('read before an entry that touches the session is not believed', () => {
    const [verifier, session] = [following(), newSession()]
    const question = verifier.ask([session.id], at(0))
    verifier.receive(11, revoked({ type: 'user', tenant: 'acme' as TenantId, user: 'alice' as UserId }))
    expect(verifier.answered(question, session.answer, session.id, position(10))).toEqual({ kind: 'stale' })
    expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'miss' })
  })

  it('read before entries about others is believed', () => {
    const [verifier, session] = [following(), newSession()]
    const question = verifier.ask([session.id], at(0))
    verifier.receive(11, revoked({ type: 'user', tenant: 'acme' as TenantId, user: 'bob' as UserId }))
    expect(verifier.answered(question, session.answer, session.id, position(10)).kind).toBe('live')
  })

  it('read longer ago than entries are remembered is not believed', () => {
    const [verifier, session] = [following(10), newSession()]
    const question = verifier.ask([session.id], at(0))
    for (let seq = 11; seq <= 10 + 1025; seq += 1) verifier.receive(seq, barrier(String(seq)))
    expect(verifier.answered(question, session.answer, session.id, position(10)).kind).toBe('stale')
  })

  it('from before memory was emptied is not believed, however it was emptied', () => {
    const session = newSession()
    for (const upset of [
      (verifier: CoherentVerifier) => verifier.receive(12, barrier()),
      (verifier: CoherentVerifier) => verifier.receive(11, undefined),
      (verifier: CoherentVerifier) => verifier.follow(2),
      (verifier: CoherentVerifier) => verifier.doubt(),
    ]) {
      const verifier = following()
      const question = verifier.ask([session.id], at(0))
      upset(verifier)
      expect(verifier.answered(question, session.answer, session.id, position(10)).kind).toBe('stale')
    }
  })

  it('holds for those who waited while the log is not followed, and is not remembered', () => {
    const [verifier, session] = [following(), newSession()]
    verifier.doubt()
    const outcome = remember(verifier, session, 10)
    if (outcome.kind !== 'live') throw new Error('expected a live answer')
    expect(verifier.verdictOn(outcome.session, presenting(session), at(1)).kind).toBe('admitted')
    expect(verifier.cache.size).toBe(0)
  })

  it('of refusal is believed at once, empties memory of the session, and is remembered for a while', () => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    const question = verifier.ask([session.id], at(0))
    expect(
      verifier.answered(question, { status: 'refused', reason: 'revoked' }, session.id, position(9)),
    ).toEqual({
      kind: 'refused',
      reason: 'revoked',
    })
    expect(verifier.check(session.token, at(4999))).toEqual({ kind: 'refused', reason: 'revoked' })
    expect(verifier.check(session.token, at(5000))).toMatchObject({ kind: 'miss' })
  })

  it('of life that comes after a refusal, to a question from before it, brings nobody back', () => {
    const [verifier, session] = [following(), newSession()]
    const [slow, quick] = [verifier.ask([session.id], at(0)), verifier.ask([session.id], at(1))]
    verifier.answered(quick, { status: 'refused', reason: 'unknown' }, session.id, position(10))
    const unknown = { kind: 'refused', reason: 'unknown' }
    expect(verifier.answered(slow, session.answer, session.id, position(10))).toEqual(unknown)
    expect(verifier.check(session.token, at(2))).toEqual(unknown)
  })
})

describe('doubt', () => {
  it.each<[string, (verifier: CoherentVerifier) => unknown]>([
    ['a gap', (verifier) => verifier.receive(12, barrier())],
    ['an entry that does not parse', (verifier) => verifier.receive(11, undefined)],
    ['another epoch', (verifier) => verifier.follow(2)],
  ])('after %s empties memory and drops the lease', (_, upset) => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    upset(verifier)
    expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'miss' })
    expect(verifier.hasUsableLease(at(1))).toBe(false)
    expect(verifier.cache.size).toBe(0)
  })

  it('is over with the next entry and a grant that names a barrier at or before it', () => {
    const verifier = following()
    verifier.doubt()
    verifier.lease.requested('n2', at(100))
    verifier.granted('n2', { epoch: EPOCH, barrier: 20, leaseMs: LEASE_MS })
    expect(verifier.hasUsableLease(at(101))).toBe(false)
    verifier.receive(19, barrier('b19'))
    expect(verifier.hasUsableLease(at(101))).toBe(false)
    verifier.receive(20, barrier('b20'))
    expect(verifier.hasUsableLease(at(101))).toBe(true)
  })

  it('is not raised by entries that come again', () => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    expect(verifier.receive(10, barrier())).toBe('ignored')
    expect(verifier.receive(9, barrier())).toBe('ignored')
    expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'admitted' })
  })

  it('comes of an entry that is not the one seen in its place: this is another log', () => {
    const [verifier, session] = [following(), newSession()]
    remember(verifier, session)
    verifier.receive(11, barrier('b11'))
    expect(verifier.receive(11, barrier('b11'))).toBe('ignored')
    expect(verifier.receive(11, barrier('another'))).toBe('another-log')
    expect(verifier.check(session.token, at(1))).toMatchObject({ kind: 'miss' })
  })

  it('comes of an entry from long before following began, which nobody would repeat', () => {
    const verifier = following(1_000)
    expect(verifier.receive(990, barrier('late'))).toBe('ignored')
    expect(verifier.receive(1, barrier('genesis'))).toBe('another-log')
    expect(verifier.applied).toBeUndefined()
  })
})
