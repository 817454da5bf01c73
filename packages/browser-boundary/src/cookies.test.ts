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
