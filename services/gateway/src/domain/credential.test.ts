import type { ClientId } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { credentialOf, isRightChannel } from './credential.ts'

const name = '__Host-session'

describe('the credential of a request', () => {
  it.each([
    [undefined, undefined, { kind: 'none' }],
    ['other=1', undefined, { kind: 'none' }],
    [`${name}=a`, undefined, { kind: 'cookie', token: 'a' }],
    [undefined, 'b', { kind: 'bearer', token: 'b' }],
    ['other=1', 'b', { kind: 'bearer', token: 'b' }],
    [`${name}=a`, 'b', { kind: 'ambiguous' }],
    [`${name}=a`, 'a', { kind: 'ambiguous' }],
    [`${name}=`, 'b', { kind: 'ambiguous' }],
    [`${name}=a; ${name}=b`, 'c', { kind: 'ambiguous' }],
    [`${name}=a; ${name}=b`, undefined, { kind: 'cookie', token: '', isRepeated: true }],
    [`${name}=a; ${name}=a`, undefined, { kind: 'cookie', token: '', isRepeated: true }],
  ])('with cookies %j and bearer %j is %j', (cookies, bearer, credential) =>
    expect(credentialOf(cookies, bearer, name)).toEqual(credential),
  )
})

it('a token counts in its own channel only', () => {
  expect(isRightChannel('cookie', 'browser' as ClientId)).toBe(true)
  expect(isRightChannel('bearer', 'api' as ClientId)).toBe(true)
  expect(isRightChannel('bearer', 'browser' as ClientId)).toBe(false)
  expect(isRightChannel('cookie', 'api' as ClientId)).toBe(false)
})
