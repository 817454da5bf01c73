import type { SecurityEvent, TenantId, UserId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { hasRoomFor, standingOf, STANDINGS } from './audit-room.ts'

const own = { tenant: 'acme' as TenantId, user: 'alice' as UserId }
const event = (type: string, changes: Partial<SecurityEvent> = {}): SecurityEvent => ({
  type,
  actor: 'curfew/operator',
  outcome: 'done',
  ...changes,
})

describe('the standing of an event', () => {
  it.each<[string, SecurityEvent, 'session' | 'gateway', string]>([
    ['a refused login', event('login.refused', { outcome: 'refused' }), 'gateway', 'stranger'],
    ['a refused operator', event('operator.refused', { outcome: 'refused' }), 'session', 'stranger'],
    ['a login', event('session.created', own), 'session', 'user'],
    ['an end that is not certain', event('session.ended', { outcome: 'unknown' }), 'session', 'user'],
    ['a revocation', event('revocation.recorded', own), 'session', 'operator'],
    [
      'a revocation that is not certain',
      event('revocation.recorded', { outcome: 'unknown' }),
      'session',
      'operator',
    ],
    [
      'a user who ends the other sessions',
      event('revocation.recorded', { ...own, actor: 'acme/alice' }),
      'session',
      'user',
    ],
    ['a change of grants', event('grants.changed', own), 'session', 'operator'],
    [
      'an operator who grants to themselves',
      event('grants.changed', { ...own, actor: 'acme/alice' }),
      'session',
      'operator',
    ],
    ['a suspension', event('suspension.begun', own), 'session', 'operator'],
    ['a role', event('role.changed'), 'session', 'operator'],
    ['what has been lost', event('audit.lost', { actor: 'system' }), 'session', 'operator'],
    ['what only pretends to be an act', event('grants.changed'), 'gateway', 'user'],
  ])('%s', (_, happened, source, standing) => {
    expect(standingOf(happened, source)).toBe(standing)
  })
})

describe('the room of a trail', () => {
  it.each([
    [0, ['stranger', 'user', 'operator']],
    [0.49, ['stranger', 'user', 'operator']],
    [0.5, ['user', 'operator']],
    [0.79, ['user', 'operator']],
    [0.8, ['operator']],
    [0.99, ['operator']],
    [1, []],
  ])('of which %d is taken is open to %j', (share, open) => {
    const maxBytes = 1_000_000_000
    const room = { usedBytes: share * maxBytes, maxBytes }
    expect(STANDINGS.filter((standing) => hasRoomFor(standing, room))).toEqual(open)
  })

  it('without a limit is open to all', () => {
    expect(
      STANDINGS.filter((each) => hasRoomFor(each, { usedBytes: 1e15, maxBytes: Infinity })),
    ).toHaveLength(3)
  })
})
