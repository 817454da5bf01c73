import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'

import { PermissionSchema, UserIdSchema, isSessionId } from './identifiers.ts'

describe('names', () => {
  it.each(['alice', 'alice@example.com', 'auth0|5f7c', 'did:web:example.com', '0', 'a'.repeat(128)])(
    'accepts %s, as identity providers hand it out',
    (name) => expect(Value.Check(UserIdSchema, name)).toBe(true),
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
  ])('refuses %j', (name) => expect(Value.Check(UserIdSchema, name)).toBe(false))
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
