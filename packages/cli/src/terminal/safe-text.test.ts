import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { safeJson, safeText } from './safe-text.ts'

// oxlint-disable-next-line no-control-regex -- they must not be there
const DANGEROUS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/

describe('text from outside', () => {
  it('keeps its letters and loses its powers', () => {
    expect(safeText('Zoë 🌍 \u001b[31m\u202e')).toBe('Zoë 🌍 \\u{1b}[31m\\u{202e}')
  })

  it('holds nothing that a terminal acts upon, whatever it was', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !DANGEROUS.test(safeText(text))))
  })

  it('as JSON is the same value, and as harmless', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = safeJson({ text })
        expect(DANGEROUS.test(json)).toBe(false)
        expect(JSON.parse(json)).toEqual({ text })
      }),
    )
  })
})
