import { describe, expect, it } from 'vitest'

import { formatCursor, idAt, parseCursor, placeOf } from './cursor.ts'
import type { DocumentId } from './document.ts'

const id = 'AbCdEfGhIjKlMnOpQrStUv' as DocumentId

describe('a cursor', () => {
  const place = placeOf({ createdAtMs: 1_795_370_459_995, id })

  it('comes back as the place it was made of', () => {
    expect(parseCursor(formatCursor(place))).toBe(place)
    expect(idAt(place)).toBe(id)
  })

  it('compares like the times it stands for', () => {
    expect(placeOf({ createdAtMs: 999, id }) < placeOf({ createdAtMs: 1_000, id })).toBe(true)
  })

  it.each([
    '',
    'x',
    '+',
    '-',
    `${formatCursor(place)}=`,
    formatCursor(place).slice(0, -1),
    Buffer.from('[').toString('base64url'),
    Buffer.from(`${place}x`).toString('base64url'),
    Buffer.from(`${place}\n`).toString('base64url'),
    Buffer.from(`(${place.slice(1)}`).toString('base64url'),
  ])('that was altered or made up (%s) is none', (cursor) => expect(parseCursor(cursor)).toBeUndefined())
})
