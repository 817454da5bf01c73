import { randomBytes } from 'node:crypto'

import { hashSecret, newSessionId, newSessionSecret } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { createCsrfTokens } from './csrf-tokens.ts'

const csrf = createCsrfTokens(randomBytes(32))
const binding = { session: newSessionId(), secretHash: hashSecret(newSessionSecret()) }

describe('an anti-forgery value', () => {
  it('is good for its session, each time another', () => {
    const [first, second] = [csrf.issue(binding), csrf.issue(binding)]
    expect(first).not.toBe(second)
    expect([csrf.accepts(first, binding), csrf.accepts(second, binding)]).toEqual([true, true])
  })

  it('is worth nothing for another session, after a rotation, or under another key', () => {
    const value = csrf.issue(binding)
    expect(csrf.accepts(value, { ...binding, session: newSessionId() })).toBe(false)
    expect(csrf.accepts(value, { ...binding, secretHash: hashSecret(newSessionSecret()) })).toBe(false)
    expect(createCsrfTokens(randomBytes(32)).accepts(value, binding)).toBe(false)
  })

  it('is the same for every replica that has the key', () => {
    const key = randomBytes(32)
    expect(createCsrfTokens(key).accepts(createCsrfTokens(key).issue(binding), binding)).toBe(true)
  })

  it('holds neither the session id nor the hash', () => {
    const value = csrf.issue(binding)
    expect(value).not.toContain(binding.session)
    expect(value).not.toContain(binding.secretHash)
  })

  it('changed in any place is worth nothing', () => {
    const value = csrf.issue(binding)
    for (let at = 0; at < value.length; at += 1) {
      // The last character of each half carries unused bits; swapping case or digit always changes used ones.
      const other = value[at] === 'A' ? 'Z' : 'A'
      expect(csrf.accepts(value.slice(0, at) + other + value.slice(at + 1), binding)).toBe(false)
    }
  })

  it.each(['', ' ', 'A'.repeat(64), 'A'.repeat(65), 'A'.repeat(66), 'é'.repeat(65), 'x'.repeat(1_000_000)])(
    'of no known form is refused: %.70j',
    (value) => expect(csrf.accepts(value, binding)).toBe(false),
  )
})
