import { describe, expect, it } from 'vitest'

import { limitsFor, type SessionLimits } from './session-limits.ts'

const limits: SessionLimits = {
  standard: { idleTimeoutMs: 30, absoluteTimeoutMs: 300 },
  aal2: { idleTimeoutMs: 60, absoluteTimeoutMs: 200 },
  aal3: { idleTimeoutMs: 15, absoluteTimeoutMs: 250 },
}

describe('the limits of a level', () => {
  it.each([
    ['aal1', 30, 300],
    ['aal2', 30, 200],
    ['aal3', 15, 200],
    ['AAL3', 30, 300],
    ['unspecified', 30, 300],
    ['', 30, 300],
  ])('%s are never more than those of a lower one', (acr, idleTimeoutMs, absoluteTimeoutMs) => {
    expect(limitsFor(limits, acr)).toEqual({ idleTimeoutMs, absoluteTimeoutMs })
  })
})
