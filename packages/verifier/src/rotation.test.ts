import {
  ROTATION_IN_FLIGHT_MS,
  formatSessionToken,
  hashSecret,
  newSessionSecret,
  type LogEntry,
} from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import type { CachedSession } from './cached-session.ts'
import { CoherentVerifier, type Presented } from './coherent-verifier.ts'
import {
  LEASE_MS,
  at,
  barrier,
  common,
  following,
  newSession,
  position,
  remember,
  type Answer,
} from './core.fixture.ts'

type TestSession = ReturnType<typeof newSession>
type Overlap = { readonly overlapRemainingMs: number; readonly earlier?: readonly string[] }

/** The same session with another secret; the one before is its newest predecessor. */
function rotated(session: TestSession, { overlapRemainingMs, earlier = [] }: Overlap): TestSession {
  const secret = newSessionSecret()
  const answer: Answer = {
    ...session.answer,
    proof: hashSecret(secret),
    predecessors: [session.answer.proof, ...earlier],
    overlapRemainingMs,
  }
  return { ...session, token: formatSessionToken(session.id, secret), answer }
}

const rotatedEntry = ({ id: session }: TestSession): LogEntry => ({
  ...common,
  id: 'x',
  type: 'rotated',
  session,
})

function watching() {
  const seen: Presented[] = []
  return { seen, verifier: following(10, 1000, (one) => void seen.push(one)) }
}

/** What a check hears that waits for this answer. */
function waitFor(
  verifier: CoherentVerifier,
  token: string,
  { answer, beganMs, readMs }: { answer: TestSession; beganMs: number; readMs: number },
) {
  const found = verifier.check(token, at(beganMs))
  if (found.kind !== 'miss') return found
  const outcome = remember(verifier, answer, verifier.applied, at(readMs))
  return outcome.kind === 'live' ? verifier.verdictOn(outcome.session, found.presented, at(readMs)) : outcome
}

describe('a session whose secret is being changed', () => {
  it('is forgotten with the entry, and what was read before it is not believed any more', () => {
    const { verifier } = watching()
    const session = newSession()
    remember(verifier, session)
    const question = verifier.ask([session.id], at(1))
    verifier.receive(11, rotatedEntry(session))
    expect(verifier.check(session.token, at(2)).kind).toBe('miss')
    expect(verifier.answered(question, session.answer, session.id, position(10)).kind).toBe('stale')
  })

  it('is admitted by answers for one check each, and not remembered until it has its new secret', () => {
    const { verifier } = watching()
    const session = newSession()
    const pending = { ...session, answer: { ...session.answer, isRotating: true as const } }
    verifier.receive(11, rotatedEntry(session))
    expect(waitFor(verifier, session.token, { answer: pending, beganMs: 1, readMs: 1 }).kind).toBe('admitted')
    expect(verifier.check(session.token, at(2)).kind).toBe('miss')
    const after = rotated(session, { overlapRemainingMs: 10_000 })
    expect(waitFor(verifier, after.token, { answer: after, beganMs: 3, readMs: 3 }).kind).toBe('admitted')
    expect(verifier.check(after.token, at(4)).kind).toBe('admitted')
  })

  it('of other sessions nothing is forgotten', () => {
    const { verifier } = watching()
    const [session, other] = [newSession(), newSession()]
    remember(verifier, other)
    verifier.receive(11, rotatedEntry(session))
    expect(verifier.check(other.token, at(2)).kind).toBe('admitted')
  })
})

describe('the secret before', () => {
  it('is admitted from memory within its time, and then only the authority can say', () => {
    const { verifier, seen } = watching()
    const session = newSession()
    const after = rotated(session, { overlapRemainingMs: 1_000 })
    remember(verifier, after)
    expect(verifier.check(session.token, at(999)).kind).toBe('admitted')
    expect(verifier.check(session.token, at(1_000)).kind).toBe('miss')
    expect(seen).toEqual([])
  })

  it('is over here soon after the first use of its successor, whatever a late answer says, and both are told in order', () => {
    const { verifier, seen } = watching()
    const session = newSession()
    const after = rotated(session, { overlapRemainingMs: 10_000 })
    remember(verifier, after)
    expect(verifier.check(session.token, at(10)).kind).toBe('admitted')
    for (const ms of [20, 21]) expect(verifier.check(after.token, at(ms)).kind).toBe('admitted')
    // What was on its way by then. Using the new one again makes that no longer.
    const overMs = 20 + ROTATION_IN_FLIGHT_MS
    expect(verifier.check(session.token, at(overMs - 1)).kind).toBe('admitted')
    expect(verifier.check(after.token, at(overMs - 1)).kind).toBe('admitted')
    // The authority has not heard of it and still says that there is time.
    const open = { ...after, answer: { ...after.answer, overlapRemainingMs: 7_000 } }
    expect(waitFor(verifier, session.token, { answer: open, beganMs: overMs, readMs: overMs + 10 })).toEqual({
      kind: 'refused',
      reason: 'predecessor',
    })
    expect(verifier.check(after.token, at(overMs + 20)).kind).toBe('admitted')
    expect(seen.map(({ proof, beganAt }) => [proof, beganAt.monotonicMs])).toEqual([
      [after.answer.proof, 20],
      [session.answer.proof, overMs],
    ])
  })

  it('is admitted where its time was over only after the check began', () => {
    const { verifier, seen } = watching()
    const session = newSession()
    // Read at 60: its time was over 20 ms before.
    const after = rotated(session, { overlapRemainingMs: -20 })
    expect(waitFor(verifier, session.token, { answer: after, beganMs: 10, readMs: 60 }).kind).toBe('admitted')
    expect(seen).toEqual([])
    expect(verifier.check(session.token, at(61))).toMatchObject({ kind: 'refused', reason: 'predecessor' })
    expect(seen).toHaveLength(1)
  })

  it('whose time is nearly over anyway gets no more by the use of its successor', () => {
    const { verifier, seen } = watching()
    const session = newSession()
    const after = rotated(session, { overlapRemainingMs: 1_000 })
    remember(verifier, after)
    expect(verifier.check(after.token, at(10)).kind).toBe('admitted')
    expect(verifier.check(session.token, at(999)).kind).toBe('admitted')
    expect(verifier.check(session.token, at(1_000)).kind).toBe('miss')
    expect(seen).toEqual([])
  })

  it('gets nobody past a revocation, a limit or the end of a lease', () => {
    const [session, { verifier }] = [newSession(), watching()]
    const after = rotated(session, { overlapRemainingMs: 10_000 })
    remember(verifier, after)
    expect(verifier.check(session.token, at(LEASE_MS)).kind).toBe('miss')
    verifier.receive(11, {
      ...common,
      id: 'r',
      type: 'revoked',
      scope: { type: 'session', session: session.id },
    })
    expect(verifier.check(session.token, at(1))).toMatchObject({ reason: 'revoked' })
  })
})

describe('a secret whose time is over', () => {
  it.each([0, 1, 7])(
    'is recognised and told of, as the %i. predecessor, with and without a lease',
    (index) => {
      const { verifier, seen } = watching()
      const session = newSession()
      const others = Array.from({ length: 7 }, () => newSession().answer.proof)
      const predecessors = others.toSpliced(index, 0, session.answer.proof)
      const after = rotated(session, { overlapRemainingMs: -1 })
      after.answer = { ...after.answer, predecessors }
      remember(verifier, after)
      for (const ms of [1, LEASE_MS])
        expect(verifier.check(session.token, at(ms))).toEqual({ kind: 'refused', reason: 'predecessor' })
      expect(seen.map(({ proof }) => proof)).toEqual([session.answer.proof, session.answer.proof])
    },
  )

  it('is not the same as one that never was: that is nobody’s business', () => {
    const { verifier, seen } = watching()
    const session = newSession()
    const after = rotated(session, { overlapRemainingMs: -1 })
    remember(verifier, after)
    const forged = formatSessionToken(session.id, newSessionSecret())
    expect(verifier.check(forged, at(1))).toEqual({ kind: 'refused', reason: 'mismatch' })
    expect(seen).toEqual([])
  })
})

it('another secret is no mismatch without a lease: there may have been a rotation', () => {
  const { verifier } = watching()
  const session = newSession()
  remember(verifier, session)
  const after = rotated(session, { overlapRemainingMs: 10_000 })
  expect(verifier.check(after.token, at(LEASE_MS)).kind).toBe('miss')
})

it('relay tokens end by their time alone: whoever uses the new one ends nothing, and nobody is told', () => {
  const seen: Presented[] = []
  const verifier = new CoherentVerifier({
    acceptsSessionTokens: false,
    maxSessions: 10,
    onSecretSeen: (one) => void seen.push(one),
  })
  verifier.follow(1)
  verifier.receive(10, barrier())
  verifier.lease.requested('n', at(0))
  verifier.granted('n', { epoch: 1, barrier: 10, leaseMs: LEASE_MS })
  const [session, relay] = [newSession(), (proof: string) => `cfr_${session.id}${proof}`]
  const after = rotated(session, { overlapRemainingMs: 1_000 })
  remember(verifier, after)
  const [before, now] = [relay(session.answer.proof), relay(after.answer.proof)]
  expect(verifier.check(now, at(1)).kind).toBe('admitted')
  expect(verifier.check(before, at(999)).kind).toBe('admitted')
  expect(verifier.check(before, at(1_000)).kind).toBe('miss')
  const over = { ...after, answer: { ...after.answer, overlapRemainingMs: -1 } }
  expect(waitFor(verifier, before, { answer: over, beganMs: 1_000, readMs: 1_001 })).toEqual({
    kind: 'refused',
    reason: 'mismatch',
  })
  expect(seen).toEqual([])
})

it('the age of an authentication counts on from the question, and begins anew with a later answer', () => {
  const { verifier } = watching()
  const session = newSession()
  const aged = (authAgeMs: number) => ({ ...session, answer: { ...session.answer, authAgeMs } })
  const ageAt = (ms: number) => (verifier.cache.get(session.id) as CachedSession).authAgeMs(at(ms))
  remember(verifier, aged(5_000))
  expect([ageAt(0), ageAt(700)]).toEqual([5_000, 5_700])
  remember(verifier, aged(10), 10, at(800))
  expect(ageAt(900)).toBe(110)
})
