import { isDeepStrictEqual } from 'node:util'

import fc from 'fast-check'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'

import {
  ActorSchema,
  PermissionSchema,
  SubjectSchema,
  TenantIdSchema,
  UserIdPrefixSchema,
  UserIdSchema,
  isSessionId,
  parseSubject,
  subjectKey,
  type Subject,
} from './identifiers.ts'
import { anySubject, subject } from './subjects.fixture.ts'

describe('names of tenants, clients and roles', () => {
  it.each(['acme', 'acme.example', 'a@b', 'a|b', 'a:b', '0', 'a'.repeat(128)])('may be %s', (name) =>
    expect(Value.Check(TenantIdSchema, name)).toBe(true),
  )

  it.each([
    '',
    '.',
    '.hidden',
    '-',
    '*',
    '>',
    'a b',
    'a/b',
    'a\0b',
    'a\n',
    'ålice',
    'a*',
    'a'.repeat(129),
    '😀',
  ])('are not %j', (name) => expect(Value.Check(TenantIdSchema, name)).toBe(false))
})

describe('user ids', () => {
  it.each([
    'alice',
    'auth0|5f7c',
    "o'neil+tag&co@example.com",
    'did:web:example.com%3A3000:user',
    'CN=Ada King,O=Acme Ltd.',
    '_svc',
    '-',
    '*',
    '...',
    '.hidden',
    'a/b',
    'a/.b/..c/d.',
    'https://idp.example/users/7/',
    'a%2Fb',
    '__proto__',
    '{"$gt":""}',
    'Zoë',
    '用户',
    '😀',
    'a'.repeat(255),
    '字'.repeat(85),
  ])('may be %s, as identity providers hand it out', (id) => {
    expect(Value.Check(UserIdSchema, id)).toBe(true)
    expect(parseSubject(`acme/${id}`)).toEqual({ tenant: 'acme', user: id })
  })

  it.each([
    ['nothing', ''],
    ['a step within a path', '.'],
    ['a step out of a path', '..'],
    ['a way to another path', 'a/../b'],
    ['a way that stands still', './a'],
    ['a space before', ' a'],
    ['a space behind', 'a '],
    ['other white space', 'a\u00a0b'],
    ['a line break', 'a\n'],
    ['NUL', 'a\0b'],
    ['half of a character', '\ud83d'],
    ['another normal form', 'Zoe\u0308'],
    ['an overlay for the character before it', '\u0338a'],
    ['an invisible joiner', 'a\u200db'],
    ['an invisible letter', 'a\u3164'],
    ['a change of direction', 'a\u202eb'],
    ['a byte order mark', '\ufeffa'],
    ['a character of private use', 'a\ue000'],
    ['a code point that is no character', 'a\u{10ffff}'],
    ['256 letters', 'a'.repeat(256)],
    ['258 bytes in 86 characters', '字'.repeat(86)],
  ])('are not %s', (_, id) => {
    expect(Value.Check(UserIdSchema, id)).toBe(false)
    expect(parseSubject(`acme/${id}`)).toBeUndefined()
  })

  it('may be every name that a tenant may have, as all of them were once', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@+:|~-]{0,127}$/), (name) =>
        Value.Check(UserIdSchema, name),
      ),
    )
  })

  it('may be searched by every beginning', () => {
    for (const prefix of ['', 'Ada ', 'Zo', '用', 'a/', '%', '.'])
      expect(Value.Check(UserIdPrefixSchema, prefix)).toBe(true)
    for (const prefix of ['Zoe\u0308', 'a\0', '\u202e', 'a'.repeat(256)])
      expect(Value.Check(UserIdPrefixSchema, prefix)).toBe(false)
  })
})

describe('the key of a subject', () => {
  const key = ({ tenant, user }: Subject): string => subjectKey(tenant, user)

  it('gives back its parts, whatever slashes the user has', () => {
    fc.assert(fc.property(anySubject, (each) => isDeepStrictEqual(parseSubject(key(each)), each)))
  })

  it('is what it was before users could have any other sign', () => {
    expect(key(subject('acme.eu', 'a.b@c+d|e:f~g-h'))).toBe('acme.eu/a.b@c+d|e:f~g-h')
  })

  it('is that of one subject only', () => {
    fc.assert(
      fc.property(anySubject, anySubject, (a, b) => (key(a) === key(b)) === isDeepStrictEqual(a, b)),
      {
        examples: [
          [subject('a', 'b/c'), subject('b', 'c')],
          [subject('a', 'b/c'), subject('a', 'b%2Fc')],
        ],
      },
    )
  })

  it.each(['alice', 'acme', '/alice', 'acme/', 'a b/alice', '_/alice', 'client:x'])('is not %j', (text) =>
    expect(parseSubject(text)).toBeUndefined(),
  )

  it('is the actor of what the longest subject does', () => {
    const longest = subject('t'.repeat(128), 'u'.repeat(255))
    expect(Value.Check(SubjectSchema, longest) && Value.Check(ActorSchema, key(longest))).toBe(true)
  })
})

describe('permissions', () => {
  it.each(['documents:read', 'curfew:operator', 'read', 'a:b:c:d'])('accepts %s', (permission) =>
    expect(Value.Check(PermissionSchema, permission)).toBe(true),
  )

  it.each(['', ':', 'documents:', '*', 'documents:*', 'Documents:read', 'a:b:c:d:e', 'documents:read\n'])(
    'refuses %j: nothing in a permission matches by pattern',
    (permission) => expect(Value.Check(PermissionSchema, permission)).toBe(false),
  )
})

it('knows a session id by its shape alone', () => {
  expect(isSessionId('AAAAAAAAAAAAAAAAAAAAAA')).toBe(true)
  expect(isSessionId('AAAAAAAAAAAAAAAAAAAAA')).toBe(false)
  expect(isSessionId('AAAAAAAAAAAAAAAAAAAAAA\n')).toBe(false)
  expect(isSessionId('AAAAAAAAAAAAAAAAAAAA.*')).toBe(false)
})
