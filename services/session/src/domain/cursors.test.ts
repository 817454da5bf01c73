import { describe, expect, it } from 'vitest'

import { formatCursor, parseCursor } from './cursors.ts'

describe('a cursor', () => {
  it.each([
    ['index', '0'],
    ['index', '15.1700000000000'],
    ['login', '42'],
    ['expiry', '1700000000000'],
    ['position', '000001.0000000000000042'],
    ['name', '字'.repeat(85)],
  ] as const)('of %s comes back as it went', (kind, value) => {
    expect(parseCursor(kind, formatCursor(kind, value))).toBe(value)
  })

  it.each([
    ['nothing', ''],
    ['no base64url', '%%%'],
    ['padding', `${formatCursor('expiry', '17')}=`],
    ['another list', formatCursor('position', '000001.0000000000000042')],
    ['another alphabet', Buffer.from('expiry:1700000000000').toString('base64')],
    ['a range', formatCursor('expiry', '(5')],
    ['an infinity', formatCursor('expiry', '+inf')],
    ['more digits than there are', formatCursor('expiry', '9'.repeat(17))],
    ['trailing text', formatCursor('expiry', '17\n')],
  ])('is refused when it is %s', (_, cursor) => {
    expect(parseCursor('expiry', cursor)).toBeUndefined()
  })
})
