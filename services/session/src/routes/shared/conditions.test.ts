import type { Position } from '@curfew/contracts'
import { expect, it } from 'vitest'

import { etagOf, expectedPosition } from './conditions.ts'

const CURRENT = '000001.0000000000000042' as Position
const TAG = etagOf(CURRENT)
const judged = (condition: string): unknown => {
  try {
    return expectedPosition({ 'if-match': condition }, CURRENT)
  } catch (error) {
    return (error as { code: unknown }).code
  }
}

it.each([TAG, '*', `"a",${TAG}`, `${TAG} \t,\t "b"`])('%j names what is there', (condition) =>
  expect(judged(condition)).toBe(CURRENT),
)

it.each(['"a"', `W/${TAG}`, '"a", W/"b"'])('%j names something else', (condition) =>
  expect(judged(condition)).toBe('precondition-failed'),
)

it.each([`${TAG}\u00a0`, `\u00a0*`, `"a"\u00a0,${TAG}`, `"a",\u2003${TAG}`, '', 'a'])(
  '%j is no condition: blanks are SP and HTAB, and nothing else',
  (condition) => expect(judged(condition)).toBe('bad-request'),
)
