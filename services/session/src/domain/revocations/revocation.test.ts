import { formatPosition, type LogEntryOf, type Scope, type SessionId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { logoutId } from '../log/session-entries.ts'
import {
  isSameRequest,
  newRevocationId,
  REVOCATION_ID_PATTERN,
  revocationIdFor,
  revocationOf,
} from './revocation.ts'

const SESSION = 'AAAAAAAAAAAAAAAAAAAAAA' as SessionId
const scope = { type: 'user', tenant: 'acme', user: 'alice' } as Scope
const entry: LogEntryOf<'revoked'> = {
  v: 1,
  id: newRevocationId(),
  type: 'revoked',
  at: '2026-11-22T00:00:00.000Z',
  actor: 'curfew/operator',
  reason: 'test',
  scope,
}
const position = formatPosition(1, 7)

describe('the id of a revocation', () => {
  it('is the same for the same operator and key, and for no other', () => {
    const id = revocationIdFor('acme/alice', 'key')
    expect(revocationIdFor('acme/alice', 'key')).toBe(id)
    const others = [
      revocationIdFor('acme/alice', 'key '),
      revocationIdFor('acme/alicek', 'ey'),
      revocationIdFor('acme/bob', 'key'),
      newRevocationId(),
    ]
    expect(others).not.toContain(id)
    for (const each of [id, ...others]) expect(each).toMatch(new RegExp(REVOCATION_ID_PATTERN))
  })

  it('tells it from a logout', () => {
    expect(revocationOf({ ...entry, id: logoutId(SESSION) }, position)).toBeUndefined()
    expect(revocationOf(entry, position)).toEqual({
      id: entry.id,
      position,
      scope,
      reason: 'test',
      actor: 'curfew/operator',
      at: entry.at,
      except: [],
    })
  })
})

describe('a repeated key', () => {
  const prior = revocationOf({ ...entry, except: [SESSION] }, position)
  if (prior === undefined) throw new Error('no revocation')

  it('asks for the same thing from a new session of the same operator', () => {
    expect(isSameRequest(prior, { scope, reason: 'test', except: ['B'.repeat(22) as SessionId] })).toBe(true)
  })

  it.each([
    ['another reason', { scope, reason: 'other', except: [SESSION] }],
    ['nobody to spare', { scope, reason: 'test' }],
    ['another user', { scope: { ...scope, user: 'bob' } as Scope, reason: 'test', except: [SESSION] }],
    [
      'another kind of scope',
      { scope: { type: 'tenant', tenant: 'acme' } as Scope, reason: 'test', except: [SESSION] },
    ],
  ])('asks for something else with %s', (_, asked) => {
    expect(isSameRequest(prior, asked)).toBe(false)
  })
})
