import { dictionary } from '@zxcvbn-ts/language-common'
import { describe, expect, it } from 'vitest'

import { createPasswordRules, normalisePassword } from './password-rules.ts'

const commonPasswords = new Set(dictionary['passwords-common'])
const rules = createPasswordRules({ lengthMin: 15, commonPasswords })
const context = ['alice@example.org', 'acme', 'curfew']
const faultOf = (password: string) => rules.faultOf(password, context)

describe('a new password', () => {
  it.each([
    'correct horse battery staple',
    'aaab bbba cccd dddc eeef',
    'a b  c   d    e     z',
    '74093816520974318265',
    'пароль из нескольких слов',
    '一二三四五六七八九十百千萬億兆',
    '🐎🔋📎🐎🐎📎🔋🔋🐎📎📎🐎🔋📎🐎',
    'pTq9x-Lm2vZr_81KdWc0',
    'alice likes the acme curfew',
    'the quick brown fox '.repeat(12) + 'jumps',
  ])('is any that is long and not tried first: %j', (password) => expect(faultOf(password)).toBeUndefined())

  it.each([
    ['fourteen chars', 'too-short'],
    ['', 'too-short'],
    // Fifteen units of UTF-16 and bytes, but not characters.
    ['🐎🔋📎🐎🐎📎🔋', 'too-short'],
    ['long enough for everyone '.repeat(11), 'too-long'],
    ['passwordpassword', 'common'],
    ['PasswordPassword', 'common'],
    ['password-password-password', 'common'],
    ['password12345678', 'common'],
    ['2026!!Password!!2026', 'common'],
    ['1qaz2wsx3edc4rfv', 'common'],
    ['q1w2e3r4t5y6u7i8', 'common'],
    ['aliceaacmecurfew', undefined],
    ['alice-example-org', 'context'],
    ['alice@example.org', 'context'],
    ['Acme-Curfew-2026-Acme', 'context'],
    ['acmeacmeacmeacme', 'context'],
    ['aaaaaaaaaaaaaaaa', 'repetitive'],
    ['               a b c', 'repetitive'],
    ['abababababababab', 'repetitive'],
    ['12-12-12-12-12-12-12', 'repetitive'],
    ['abcdefghijklmnopq', 'repetitive'],
    ['901234567890123456', 'repetitive'],
    ['zyxwvutsrqponmlkj', 'repetitive'],
    [`half a pair \ud83d and more`, 'unstable'],
    ['not assigned \u{e1234} yet, so no', 'unstable'],
  ])('like %j is refused as %s', (password, fault) => expect(faultOf(password)).toBe(fault))

  it('may be shorter where the settings say so, and the common ones are refused there as well', () => {
    const short = createPasswordRules({ lengthMin: 8, commonPasswords })
    expect(short.faultOf('kV3-wq9z', context)).toBeUndefined()
    for (const password of ['password', 'iloveyou', 'football', 'Qwerty123', '12345678', 'trustno1'])
      expect(short.faultOf(password, context)).toBe('common')
  })

  it('is the same in whatever form a keyboard sends it', () => {
    expect(normalisePassword('Zo\u0065\u0308 drinkt een glas')).toBe(
      normalisePassword('Zo\u00eb drinkt een glas'),
    )
    expect(normalisePassword('ﬁne glass of water')).toBe('fine glass of water')
    expect(normalisePassword(' two  spaces ')).toBe(' two  spaces ')
  })

  it('that is refused is told why, without being quoted', () => {
    for (const fault of ['too-short', 'too-long', 'unstable', 'common', 'context', 'repetitive'] as const)
      expect(rules.explain(fault)).toMatch(/^it /)
    expect(rules.explain('too-short')).toContain('15')
  })
})
