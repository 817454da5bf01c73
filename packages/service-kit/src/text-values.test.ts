import { Type } from 'typebox'
import { describe, expect, it } from 'vitest'

import { defaultOf, valueFromText } from './text-values.ts'

describe('text becomes what its schema asks for', () => {
  it.each([
    [Type.Integer(), '0', 0],
    [Type.Integer(), '-12', -12],
    [Type.Integer(), '9007199254740991', Number.MAX_SAFE_INTEGER],
    [Type.Number(), '0.5', 0.5],
    [Type.Number(), '3', 3],
    [Type.Boolean(), 'true', true],
    [Type.Boolean(), 'false', false],
    [Type.String(), '42', '42'],
    [Type.Optional(Type.Integer()), '42', 42],
  ])('%j %s', (schema, text, value) => expect(valueFromText(schema, text)).toBe(value))
})

describe('text that is not exactly such a value stays text', () => {
  it.each([
    [
      Type.Integer(),
      ['', ' ', '1.5', '1.0', '1e3', '0x10', '007', '+1', ' 1', '1 ', '1\n', 'NaN', '١', '1'.repeat(17)],
    ],
    [Type.Number(), ['', '.5', '5.', '1e3', 'Infinity', '-', '1,5']],
    [Type.Boolean(), ['', 'TRUE', '1', '0', 'yes', 'on', 'true ']],
  ])('%j', (schema, texts) => {
    for (const text of texts) expect(valueFromText(schema, text)).toBe(text)
  })
})

it('a default of false or 0 is a default', () => {
  expect(defaultOf(Type.Boolean({ default: false }))).toBe(false)
  expect(defaultOf(Type.Integer({ default: 0 }))).toBe(0)
  expect(defaultOf(Type.Integer())).toBeUndefined()
})
