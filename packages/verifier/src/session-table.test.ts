import { describe, expect, it } from 'vitest'

import { at, following, newSession, remember, revoked } from './core.fixture.ts'

describe('sessions in memory', () => {
  it('are found, each of many and whatever has gone between', () => {
    const verifier = following(10, 10_000)
    const sessions = Array.from({ length: 5_000 }, () => newSession())
    for (const session of sessions) {
      const outcome = remember(verifier, session)
      if (outcome.kind === 'live') outcome.session.toldOfUse(at(0))
      verifier.check(session.token, at(1))
    }
    const [gone, left] = [sessions.slice(0, 2_500), sessions.slice(2_500)]
    for (const { id } of gone) {
      const session = verifier.cache.get(id)
      if (session !== undefined) verifier.cache.remove(session)
    }
    expect(verifier.cache.size).toBe(left.length)
    expect(gone.filter(({ id }) => verifier.cache.get(id) !== undefined)).toEqual([])
    expect(left.filter(({ id }) => verifier.cache.get(id)?.id !== id)).toEqual([])
    expect(gone.filter(({ token }) => verifier.recognise(token, at(1)) !== undefined)).toEqual([])
    expect(left.filter(({ id, token }) => verifier.recognise(token, at(1))?.id !== id)).toEqual([])
    for (const { token } of left) expect(verifier.check(token, at(1)).kind).toBe('admitted')
  })

  it('make room: those that are over first go, then those that nobody has used since the last time', () => {
    const verifier = following(10, 64)
    const [over, used] = [newSession({ user: 'over' }), newSession({ user: 'used' })]
    for (const session of [over, used]) {
      const outcome = remember(verifier, session)
      if (outcome.kind === 'live') outcome.session.toldOfUse(at(0))
    }
    for (let n = 0; n < 62; n += 1) remember(verifier, newSession({ user: `user-${n}` }))
    verifier.receive(11, revoked({ type: 'session', session: over.id }))
    for (let n = 0; n < 200; n += 1) {
      // Each use counts, whether it is looked at or recognised.
      if (n === 0) verifier.check(used.token, at(1))
      else expect(verifier.recognise(used.token, at(1))?.id).toBe(used.id)
      remember(verifier, newSession({ user: `later-${n}` }), 11)
      expect(verifier.cache.size).toBeLessThanOrEqual(64)
    }
    expect(verifier.cache.get(over.id)).toBeUndefined()
    expect(verifier.cache.get(used.id)).toBeDefined()
  })
})
