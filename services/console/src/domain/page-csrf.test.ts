import { describe, expect, it } from 'vitest'

import { isCsrfValue, issueCsrfValue } from './page-csrf.ts'

const token = (id: string, secret: string): string => `cfs_${id.repeat(22)}${secret.repeat(43)}`
const mine = token('a', 'b')

describe('an anti-forgery value of the console', () => {
  it('is another one each time, and good for its token', () => {
    const [first = '', second = ''] = [issueCsrfValue(mine), issueCsrfValue(mine)]
    expect(first).not.toBe(second)
    for (const value of [first, second]) expect(isCsrfValue(value, mine)).toBe(true)
  })

  it.each([
    ['another session', token('c', 'b')],
    ['the same session with another secret', token('a', 'd')],
    ['what is no token', 'cfs_short'],
    ['nothing', ''],
  ])('is worth nothing for %s', (_, other) => {
    expect(isCsrfValue(issueCsrfValue(mine) ?? '', other)).toBe(false)
  })

  it('is not made for what is no token', () => {
    expect(issueCsrfValue('cfr_x')).toBeUndefined()
    expect(isCsrfValue('', mine)).toBe(false)
  })
})
