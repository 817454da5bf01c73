import {
  GATEWAY_AUDIENCE,
  formatSessionToken,
  hashSecret,
  newSessionId,
  newSessionSecret,
  parseToken,
  relayValueFor,
  type Audience,
  type ClientId,
  type Permission,
  type Resolved,
  type TenantId,
  type UserId,
} from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { isForAudience, judge } from './judge.ts'

const documents = 'documents' as Audience
const id = newSessionId()
const secret = newSessionSecret()
const secretHash = hashSecret(secret)
const sessionToken = { kind: 'session', sessionId: id, secret } as const
const relayToken = { kind: 'relay', sessionId: id, value: relayValueFor(secretHash, documents) } as const

const live: Extract<Resolved, { status: 'live' }> = {
  status: 'live',
  proof: secretHash,
  idleRemainingMs: 1000,
  remainingMs: 5000,
  session: {
    id,
    tenant: 'acme' as TenantId,
    user: 'alice' as UserId,
    client: 'browser' as ClientId,
    createdAt: '2026-01-01T00:00:00.000Z',
    authTime: '2026-01-01T00:00:00.000Z',
    acr: 'aal1',
    amr: ['pwd'],
    idleExpiresAt: '2026-01-01T00:30:00.000Z',
    expiresAt: '2026-01-01T12:00:00.000Z',
    roles: [],
    permissions: ['documents:read' as Permission],
  },
}

describe('a token', () => {
  it('is admitted with the secret whose hash the authority names', () => {
    const judgement = judge(sessionToken, live, 0)
    expect(judgement).toMatchObject({ kind: 'admitted', session: { id, tenant: 'acme', user: 'alice' } })
    expect(
      judgement.kind === 'admitted' && judgement.session.permissions.has('documents:read' as Permission),
    ).toBe(true)
  })

  it('is admitted elsewhere with the relay value that the authority names', () => {
    expect(judge(relayToken, { ...live, proof: relayToken.value }, 0).kind).toBe('admitted')
  })

  it.each([
    ['another secret', { ...sessionToken, secret: newSessionSecret() }, live],
    ['a relay value where the secret is wanted', relayToken, live],
    ['the stored hash itself', parseToken(formatSessionToken(id, secretHash as never))!, live],
    [
      'the relay value of another audience',
      { ...relayToken, value: relayValueFor(secretHash, 'billing' as Audience) },
      { ...live, proof: relayToken.value },
    ],
  ] as const)('is refused with %s', (_, token, resolved) => {
    expect(judge(token, resolved, 0)).toEqual({ kind: 'refused', reason: 'mismatch' })
  })

  it.each(['unknown', 'revoked', 'expired', 'suspended'] as const)(
    'is refused where the authority says %s',
    (reason) =>
      expect(judge(sessionToken, { status: 'refused', reason }, 0)).toEqual({ kind: 'refused', reason }),
  )

  it('is refused when its time ran out while the answer was on its way', () => {
    expect(judge(sessionToken, live, 999).kind).toBe('admitted')
    expect(judge(sessionToken, live, 1000)).toEqual({ kind: 'refused', reason: 'expired' })
    expect(judge(sessionToken, { ...live, idleRemainingMs: 9000 }, 5000).kind).toBe('refused')
  })
})

it('a session never holds what its tokens are made from', () => {
  const judgement = judge(sessionToken, live, 0)
  const shown = judgement.kind === 'admitted' ? JSON.stringify(Object.values(judgement.session)) : ''
  expect(shown).toContain('alice')
  expect(shown).not.toContain(secretHash)
})

it('each audience meets its own kind of token only', () => {
  expect(isForAudience(sessionToken, GATEWAY_AUDIENCE)).toBe(true)
  expect(isForAudience(relayToken, documents)).toBe(true)
  expect(isForAudience(relayToken, GATEWAY_AUDIENCE)).toBe(false)
  expect(isForAudience(sessionToken, documents)).toBe(false)
})
