import { describe, expect, it } from 'vitest'

import { ORIGIN, formatPosition, laterOf, parsePosition, sequenceOf } from './position.ts'

describe('positions', () => {
  it('compare as text exactly as they compare as numbers, across epochs', () => {
    const ascending = [
      ORIGIN,
      formatPosition(1, 0),
      formatPosition(1, 9),
      formatPosition(1, 10),
      formatPosition(1, Number.MAX_SAFE_INTEGER),
      formatPosition(2, 1),
      formatPosition(10, 0),
    ]
    expect(ascending.toSorted()).toEqual(ascending)
    expect(laterOf(formatPosition(1, 9), formatPosition(1, 10))).toBe(formatPosition(1, 10))
  })

  it('come back from their text', () => {
    expect(parsePosition(formatPosition(7, 42))).toEqual({ epoch: 7, seq: 42 })
    expect(sequenceOf(formatPosition(7, 42))).toBe(42)
  })

  it.each(['', '1.2', '000001.42', '000001.0000000000000042 ', '000001.00000000000000-1'])(
    'refuse %j',
    (text) => expect(parsePosition(text)).toBeUndefined(),
  )

  it.each([
    [-1, 0],
    [1_000_000, 0],
    [1, -1],
    [1, 1.5],
    [1, Number.MAX_SAFE_INTEGER + 1],
    [Number.NaN, 0],
  ])('throw for epoch %d, sequence %d rather than compare wrongly', (epoch, seq) =>
    expect(() => formatPosition(epoch, seq)).toThrow(RangeError),
  )
})
