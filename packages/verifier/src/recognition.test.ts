/** A hit looks at little. Each of what it looks at has to send it back to a check that looks at everything. */
import { describe, expect, it } from 'vitest'

import type { CoherentVerifier } from './coherent-verifier.ts'
import {
  LEASE_MS,
  at,
  barrier,
  following,
  newSession,
  remember,
  revoked,
  type Answer,
} from './core.fixture.ts'

const REFRESHED_AFTER_MS = 60_000

/** A session that a check at 0 has admitted, under a lease for an hour. */
function inUse(answer: Partial<Answer> = {}) {
  const verifier = following()
  verifier.lease.requested('long', at(0))
  verifier.granted('long', { epoch: 1, barrier: 10, leaseMs: 3_600_000 })
  const session = newSession()
  const known = { ...session, answer: { ...session.answer, ...answer } }
  answered(verifier, known)
  expect(verifier.check(session.token, at(0)).kind).toBe('admitted')
  return { verifier, session: known }
}

function answered(verifier: CoherentVerifier, session: ReturnType<typeof newSession>, now = at(0)): void {
  const outcome = remember(verifier, session, verifier.applied, now)
  if (outcome.kind === 'live') outcome.session.toldOfUse(now)
}

describe('a token that has proved its session', () => {
  it('is recognised from then on, and by nobody who has not checked it', () => {
    const { verifier, session } = inUse()
    const other = newSession()
    answered(verifier, other)
    expect(verifier.recognise(session.token, at(1))?.id).toBe(session.id)
    expect(verifier.recognise(other.token, at(1))).toBeUndefined()
    expect(verifier.recognise(`cfr_${session.token.slice(4)}`, at(1))).toBeUndefined()
  })

  it.each([
    ['the clock of the process', at(REFRESHED_AFTER_MS, -REFRESHED_AFTER_MS)],
    ['the clock on the wall', at(1, REFRESHED_AFTER_MS)],
  ])('is looked at again when the store should hear of its use, by %s', (_, now) => {
    const { verifier, session } = inUse()
    expect(verifier.recognise(session.token, at(REFRESHED_AFTER_MS - 2_000))?.id).toBe(session.id)
    expect(verifier.recognise(session.token, now)).toBeUndefined()
  })

  it('is looked at again near a limit', () => {
    const { verifier, session } = inUse({ idleRemainingMs: 100_000, remainingMs: 5_000 })
    expect(verifier.recognise(session.token, at(3_000))?.id).toBe(session.id)
    expect(verifier.recognise(session.token, at(5_000))).toBeUndefined()
  })

  it('is looked at again after an answer, which may have brought its limits nearer', () => {
    const { verifier, session } = inUse()
    answered(verifier, { ...session, answer: { ...session.answer, remainingMs: 10 } }, at(1))
    expect(verifier.recognise(session.token, at(12))).toBeUndefined()
  })

  it('is looked at until its use has ended the time of the secret before it', () => {
    const { verifier, session } = inUse({
      predecessors: [newSession().answer.proof],
      overlapRemainingMs: 10_000,
    })
    expect(verifier.recognise(session.token, at(1))?.id).toBe(session.id)
    const open = inUse()
    answered(open.verifier, session, at(1))
    expect(open.verifier.recognise(session.token, at(2))).toBeUndefined()
  })

  it('is looked at again when the log has said anything that could concern it', () => {
    const { verifier, session } = inUse()
    verifier.receive(11, barrier())
    expect(verifier.recognise(session.token, at(1))?.id).toBe(session.id)
    verifier.receive(12, revoked({ type: 'client', client: 'another' as never }))
    expect(verifier.recognise(session.token, at(1))).toBeUndefined()
    expect(verifier.check(session.token, at(1)).kind).toBe('admitted')
    expect(verifier.recognise(session.token, at(1))?.id).toBe(session.id)
  })

  it('is not recognised without a lease, nor after doubt', () => {
    const verifier = following()
    const session = newSession()
    answered(verifier, session)
    expect(verifier.check(session.token, at(1)).kind).toBe('admitted')
    expect(verifier.recognise(session.token, at(LEASE_MS))).toBeUndefined()
    expect(verifier.recognise(session.token, at(2))?.id).toBe(session.id)
    verifier.doubt()
    expect(verifier.recognise(session.token, at(3))).toBeUndefined()
  })
})
