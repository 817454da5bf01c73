import { SESSION_LIFETIME_MAX_MS, type LogEntry } from '@curfew/contracts'
import { mayExpireAfterMs } from '@curfew/protocol'
import { describe, expect, it } from 'vitest'

import { SESSION_FACT_MS, lifetimeMsOf } from './fact-lifetime.ts'

const head = { v: 1, id: 'x', at: '', actor: 'system' } as const
const entry = (rest: object): LogEntry => ({ ...head, ...rest }) as LogEntry
const revoked = (scope: object): LogEntry => entry({ type: 'revoked', scope })

describe('a fact of the log', () => {
  it.each([
    ['the end of one session', revoked({ type: 'session', session: 's' })],
    ['the rotation of its secret', entry({ type: 'rotated', session: 's' })],
  ])('expires when it is %s', (_, fact) => expect(lifetimeMsOf(fact)).toBe(SESSION_FACT_MS))

  it.each([
    ...['user', 'client', 'tenant', 'global'].map(
      (type) => [`the end of all of a ${type}`, revoked({ type })] as const,
    ),
    ...['genesis', 'opened', 'closed', 'grants-changed', 'role-changed', 'suspended', 'resumed'].map(
      (type) => [type, entry({ type })] as const,
    ),
    ...['barrier', 'config', 'joined', 'left', 'evicted'].map((type) => [type, entry({ type })] as const),
  ])('stays when it is %s', (_, fact) => expect(lifetimeMsOf(fact)).toBeUndefined())
})

it('a replica misses a fact for as long as its session may live, even on a fast clock', () => {
  const fastestRate = 1.1
  expect(mayExpireAfterMs(SESSION_FACT_MS) / fastestRate).toBeGreaterThan(SESSION_LIFETIME_MAX_MS)
})

it('a replica does not miss a fact that has expired in time, also when its clock is slow', () => {
  const slowestRate = 0.9
  expect(mayExpireAfterMs(SESSION_FACT_MS)).toBeLessThanOrEqual(SESSION_FACT_MS * slowestRate)
})
