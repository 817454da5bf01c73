import { assert, array, constantFrom, oneof, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { returnAddress } from './return-address.ts'

const origins = new Set(['https://app.example', 'https://other.example:8443'])

describe('the way back after signing in', () => {
  it.each([
    '/',
    '/account',
    '/documents/42?full=1#end',
    '/a%20b/c%2Fd?next=%2F%2Fx&q=%0a',
    '/path//with//slashes',
    'https://app.example/',
    'https://app.example/inbox?x=https://evil.example/#y',
    'https://other.example:8443/a',
  ])('leads to %s', (text) => expect(returnAddress(text, origins)).toBe(text))

  it('is what a browser makes of it', () => {
    expect(returnAddress('/a/../b/./c', origins)).toBe('/b/c')
    expect(returnAddress('https://app.example', origins)).toBe('https://app.example/')
  })

  it.each([
    '',
    'account',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '\\/evil.example',
    '/a\\b',
    '/./ /evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '/%2e%2e//evil.example',
    '/%2f/evil.example',
    '/%2Fevil.example',
    '/%5cevil.example',
    '/%255cevil.example',
    '/%25252fevil.example',
    '/%09/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    ' /account',
    '/account\r\nset-cookie: a=b',
    '/%0d%0aset-cookie:%20a=b',
    '/\u0000',
    '/%00',
    '/%zz',
    '/%c0%af',
    '/é',
    '/\u2028',
    'javascript:alert(1)',
    'data:text/html,x',
    'https:evil.example',
    'https:/app.example/',
    'https:app.example',
    'https://evil.example/',
    'https://app.example.evil.example/',
    'https://app.example@evil.example/',
    'https://evil.example@app.example/',
    'https://:x@app.example/',
    'https://app.example:444/',
    'https://app.example\\@evil.example/',
    'https://app.example%2f@evil.example',
    'HTTPS://APP.EXAMPLE/',
    'http://app.example/',
    'https://other.example/',
    'https://app.example//evil.example',
    `/${'a'.repeat(2_048)}`,
  ])('does not lead to %j', (text) => expect(returnAddress(text, origins)).toBeUndefined())

  it('whatever is tried, stays at this origin or at one of the list', () => {
    const piece = oneof(
      constantFrom(
        '/',
        '\\',
        '//',
        '.',
        '..',
        '@',
        ':',
        '?',
        '#',
        '%2f',
        '%5c',
        '%09',
        '\t',
        '\n',
        ' ',
        'https:',
      ),
      constantFrom(
        'evil.example',
        'app.example',
        'https://app.example',
        '%25',
        '%00',
        'javascript:',
        '；',
        '。',
      ),
      string({ maxLength: 3 }),
    )
    assert(
      property(array(piece, { maxLength: 8 }), (pieces) => {
        const found = returnAddress(pieces.join(''), origins)
        if (found === undefined) return
        for (const base of ['https://gateway.example/login', 'http://localhost:8080/login?x']) {
          const { origin, username, password } = new URL(found, base)
          expect([new URL(base).origin, ...origins]).toContain(origin)
          expect(username + password).toBe('')
        }
      }),
      { numRuns: 3_000 },
    )
  })
})
