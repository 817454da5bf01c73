import { assert, array, constantFrom, integer, oneof, property, string, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'

import { cookieValues, deletedCookie, sessionCookie } from './cookies.ts'

const name = '__Host-session'

describe('the session cookie', () => {
  it.each([
    [`${name}=a`, ['a']],
    [`other=1; ${name}=a; last=2`, ['a']],
    [`${name}=a;other=1`, ['a']],
    [`  ${name} = a `, ['a']],
    [`${name}=a=b==`, ['a=b==']],
    [`${name}=`, ['']],
    [`${name}="a"`, ['"a"']],
  ])('is read from %j', (header, values) => expect(cookieValues(header, name)).toEqual(values))

  it.each([
    undefined,
    '',
    ';',
    name,
    `${name}2=a`,
    `x${name}=a`,
    `__HOST-session=a`,
    `__host-SESSION=a`,
    `session=a`,
    `%5F%5FHost-session=a`,
    `other=${name}=a`,
    `"${name}"=a`,
  ])('is not there in %j', (header) => expect(cookieValues(header, name)).toEqual([]))

  it.each(['\u00a0', '\ufeff', '\u2003', '\v', '\f', '\u0085', '\u00ad', '\0'])(
    'is another one with %j beside its name, which a sibling host may set although it looks like ours',
    (disguise) => {
      for (const header of [
        `${disguise}${name}=evil`,
        `${name}${disguise}=evil`,
        ` ${disguise} ${name}=evil`,
      ])
        expect(cookieValues(`${header}; ${name}=good`, name)).toEqual(['good'])
      expect(cookieValues(`${name}=${disguise}a${disguise}`, name)).toEqual([`${disguise}a${disguise}`])
    },
  )

  it('comes back as often as it stands there, so that nobody has to guess', () => {
    expect(cookieValues(`${name}=evil; ${name}=good`, name)).toEqual(['evil', 'good'])
    expect(cookieValues(`__HOST-session=evil; ${name}=good`, name)).toEqual(['good'])
  })

  it('is written with what the __Host- prefix demands, and deleted with the same', () => {
    expect(sessionCookie(name, 'token')).toBe('__Host-session=token; Path=/; Secure; HttpOnly; SameSite=Lax')
    expect(deletedCookie(name)).toBe('__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0')
    expect(sessionCookie(name, 'token', 'Strict')).toContain('; SameSite=Strict')
    expect(deletedCookie(name, 'Strict')).toContain('; SameSite=Strict; Max-Age=0')
  })
})

/** The grammar written down once more, as plainly as possible: RFC 6265bis §5.6, applied to each pair of the header. */
function pairsOf(header: string): { name: string; value: string }[] {
  return header.split(';').flatMap((pair) => {
    const parts = /^[ \t]*([^=]*?)[ \t]*=[ \t]*(.*?)[ \t]*$/s.exec(pair)
    return parts === null ? [] : [{ name: parts[1] ?? '', value: parts[2] ?? '' }]
  })
}

describe('a Cookie header', () => {
  // What Node makes of header bytes is one character a byte; the rest is there to be sure.
  const disturbance = constantFrom(...Array.from(' \t\u00a0\ufeff\u2003\v\f\u0085;=",\0%$'))
  const byte = integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code))
  const piece = oneof(disturbance, constantFrom(name, 'a', '__Host-', 'session', name.toUpperCase()), byte)
  const mess = array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
  const disguised = tuple(mess, constantFrom(name), mess, string({ maxLength: 4 })).map(
    ([before, ours, after, value]) => `${before}${ours}${after}=${value}`,
  )
  const header = array(oneof(mess, disguised), { maxLength: 5 }).map((pairs) => pairs.join('; '))

  it('of any bytes has the cookies that the grammar finds in it, and no other', () => {
    assert(
      property(header, (text) => {
        const expected = pairsOf(text).flatMap((pair) => (pair.name === name ? [pair.value] : []))
        expect(cookieValues(text, name)).toEqual(expected)
      }),
      { numRuns: 5_000 },
    )
  })
})
