import { describe, expect, it } from 'vitest'

import { formatCursor, parseCursor } from './cursors.ts'

const LAST = `1700000000000.rev_${'A'.repeat(22)}`

describe('a cursor', () => {
  it.each([
    ['index', '0'],
    ['index', '15.1700000000000'],
    ['login', '42'],
    ['expiry', LAST],
    ['position', '000001.0000000000000042'],
    ['name', '字'.repeat(85)],
  ] as const)('of %s comes back as it went', (kind, value) => {
    expect(parseCursor(kind, formatCursor(kind, value))).toBe(value)
  })

  it.each([
    ['nothing', ''],
    ['no base64url', '%%%'],
    ['padding', `${formatCursor('expiry', LAST)}=`],
    ['another list', formatCursor('position', '000001.0000000000000042')],
    ['another alphabet', Buffer.from(`expiry:${LAST}`).toString('base64')],
    ['a range', formatCursor('expiry', `(${LAST}`)],
    ['an infinity', formatCursor('expiry', LAST.replace(/^\d+/, '+inf'))],
    ['more digits than there are', formatCursor('expiry', `9999${LAST}`)],
    ['trailing text', formatCursor('expiry', `${LAST}\n`)],
  ])('is refused when it is %s', (_, cursor) => {
    expect(parseCursor('expiry', cursor)).toBeUndefined()
  })
})
