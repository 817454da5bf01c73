import { assert, array, boolean, constantFrom, property, record, string, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { elementsOf, isNamedIn, listItems, withoutBlanks } from './header-grammar.ts'

const shown = (text: string): unknown =>
  elementsOf(text)?.map(({ value, parameters }) => [value, Object.fromEntries(parameters)])

describe('a header that is a list', () => {
  it.each<[string, unknown]>([
    ['', []],
    [' , ,', []],
    ['text/html', [['text/html', {}]]],
    ['Text/HTML;Q=0.5', [['text/html', { q: '0.5' }]]],
    ['application/json; charset=utf-8', [['application/json', { charset: 'utf-8' }]]],
    ['application/json;charset="utf-8"', [['application/json', { charset: 'utf-8' }]]],
    ['application/json ; CHARSET="UTF\\-8" ;', [['application/json', { charset: 'UTF-8' }]]],
    ['multipart/form-data; boundary="a;b, c=\\"d\\""', [['multipart/form-data', { boundary: 'a;b, c="d"' }]]],
    ['a/b;x=1;x=2', [['a/b', { x: '1' }]]],
    [
      'gzip;q=0, identity',
      [
        ['gzip', { q: '0' }],
        ['identity', {}],
      ],
    ],
    [
      'max-age="0", No-Store',
      [
        ['max-age', { '': '0' }],
        ['no-store', {}],
      ],
    ],
    ['*/*', [['*/*', {}]]],
  ])('%j is read', (text, elements) => expect(shown(text)).toEqual(elements))

  it.each([
    'a/b; charset',
    'a/b; charset=',
    'a/b; =x',
    'a/b; charset="x',
    'a/b/c',
    'a b',
    'a/b; x = 1',
    '"a"',
    'a/b\u00a0;x=1',
  ])('%j is none', (text) => expect(elementsOf(text)).toBeUndefined())

  it('is the same quoted or not, in any case and with any blanks', () => {
    const token = string({
      unit: constantFrom(...Array.from("abcXYZ019!#$%&'*+.^_`|~-")),
      minLength: 1,
      maxLength: 8,
    })
    const value = string({ unit: constantFrom(...Array.from('aZ09;,="\\ \t\u00e9')), maxLength: 8 })
    const parameter = record({ name: token, value, isUpper: boolean(), blanks: constantFrom('', ' ', '\t ') })
    assert(
      property(token, array(parameter, { maxLength: 4 }), tuple(token, token), (type, parameters, [a, b]) => {
        const expected = new Map<string, string>()
        let text = ` ${a}/${type}`
        for (const { name, value: said, isUpper, blanks } of parameters) {
          if (!expected.has(name.toLowerCase())) expected.set(name.toLowerCase(), said)
          const quoted = `"${said.replaceAll(/["\\]/g, String.raw`\$&`)}"`
          text += `${blanks};${blanks}${isUpper ? name.toUpperCase() : name}=${quoted}`
        }
        const elements = elementsOf(`${text} , ${b}`)
        expect(elements?.map((one) => one.value)).toEqual([`${a}/${type}`.toLowerCase(), b.toLowerCase()])
        expect(elements?.[0]?.parameters).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  it('of any length and any signs is read in time that grows with it', () => {
    for (const piece of [',', ';', '"', 'a', 'a;', 'a=', ' ', '\\"', 'a/'])
      for (const before of ['', 'a/b;x="', 'a/b;'])
        expect(() => elementsOf(before + piece.repeat(16_000))).not.toThrow()
  })
})

it.each<[string | undefined, boolean]>([
  ['text/html', true],
  ['application/json, TEXT/html;level=1;q=0.1', true],
  ['text/html;q=0', false],
  ['text/html; Q="0.000"', false],
  ['*/*', false],
  ['text/*', false],
  ['text/html-x', false],
  ['application/x;note="text/html"', false],
  ['', false],
  [undefined, false],
])('text/html is named in %j: %s', (accept, expected) =>
  expect(isNamedIn(accept, 'text/html')).toBe(expected),
)

describe('blanks', () => {
  it('are SP and HTAB, around an item and never within it', () => {
    expect(listItems(' a\t,b c ,, \u00a0d')).toEqual(['a', 'b c', '', '\u00a0d'])
  })

  it('are passed over once, however many a sender writes', () => {
    const run = '\t'.repeat(1_000_000)
    expect(withoutBlanks(`${run}a${run}b${run}`)).toBe(`a${run}b`)
    expect(listItems(`a${run}b, c`)).toEqual([`a${run}b`, 'c'])
    expect(elementsOf(`a${run}b`)).toBeUndefined()
  })
})
