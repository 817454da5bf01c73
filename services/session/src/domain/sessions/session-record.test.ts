import { describe, expect, it } from 'vitest'

import { sessionForTest } from './session-record.fixture.ts'
import { idleExpiresAtMs, isTouchDue } from './session-record.ts'

describe('the idle deadline', () => {
  it('is never later than the absolute one', () => {
    expect(idleExpiresAtMs(sessionForTest({ lastSeenMs: 100 }))).toBe(1_100)
    expect(idleExpiresAtMs(sessionForTest({ lastSeenMs: 9_500 }))).toBe(10_000)
  })

  it('is moved once in a sixtieth of the idle timeout, and never by a clock that is behind', () => {
    const session = sessionForTest({ idleTimeoutMs: 60_000, lastSeenMs: 5_000 })
    expect(isTouchDue(session, 5_999)).toBe(false)
    expect(isTouchDue(session, 6_000)).toBe(true)
    expect(isTouchDue(session, 0)).toBe(false)
  })
})
