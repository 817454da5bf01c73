import { describe, expect, it } from 'vitest'

import type { Audience } from './identifiers.ts'
import {
  isTokenOf,
  formatRelayToken,
  formatSessionToken,
  hashSecret,
  newSessionId,
  newSessionSecret,
  parseToken,
  relayValueFor,
  splitToken,
} from './tokens.ts'

const documents = 'documents' as Audience

describe('session tokens', () => {
  it('are 69 characters that parse back into id and secret', () => {
    const [sessionId, secret] = [newSessionId(), newSessionSecret()]
    const token = formatSessionToken(sessionId, secret)
    expect(token).toHaveLength(69)
    expect(parseToken(token)).toEqual({ kind: 'session', sessionId, secret })
  })

  it('never repeat', () => {
    const seen = new Set(Array.from({ length: 1000 }, () => newSessionId() + newSessionSecret()))
    expect(seen.size).toBe(1000)
  })

  it.each([
    '',
    'cfs_',
    'cfs_' + 'A'.repeat(64),
    'cfs_' + 'A'.repeat(66),
    'cfx_' + 'A'.repeat(65),
    'CFS_' + 'A'.repeat(65),
    'cfs_' + 'A'.repeat(64) + '=',
    'cfs_' + 'A'.repeat(64) + '\n',
    ' cfs_' + 'A'.repeat(64),
    'cfs_' + 'A'.repeat(64) + 'é',
    'A'.repeat(1_000_000),
  ])('refuse %.80j', (text) => expect(parseToken(text)).toBeUndefined())

  it('fall into their halves by length and kind alone', () => {
    const [sessionId, secret] = [newSessionId(), newSessionSecret()]
    const token = formatSessionToken(sessionId, secret)
    expect([isTokenOf(token, 'session'), splitToken(token)]).toEqual([true, { sessionId, rest: secret }])
    expect(isTokenOf(token, 'relay')).toBe(false)
    expect(isTokenOf(`${token}A`, 'session')).toBe(false)
  })
})

describe('relay values', () => {
  it('differ for each audience and each secret, and are not the hash they come from', () => {
    const first = hashSecret(newSessionSecret())
    const values = [
      relayValueFor(first, documents),
      relayValueFor(first, 'billing' as Audience),
      relayValueFor(hashSecret(newSessionSecret()), documents),
      first,
    ]
    expect(new Set(values).size).toBe(4)
  })

  it('travel as tokens of their own kind, so that neither passes for the other', () => {
    const sessionId = newSessionId()
    const value = relayValueFor(hashSecret(newSessionSecret()), documents)
    expect(parseToken(formatRelayToken(sessionId, value))).toEqual({ kind: 'relay', sessionId, value })
  })
})
