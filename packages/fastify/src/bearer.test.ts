import type { IncomingMessage } from 'node:http'

import { describe, expect, it } from 'vitest'

import { bearerToken } from './bearer.ts'

function requestWith(...authorizations: string[]): IncomingMessage {
  const rawHeaders = ['Host', 'example', ...authorizations.flatMap((value) => ['Authorization', value])]
  const [authorization] = authorizations
  return { headers: authorization === undefined ? {} : { authorization }, rawHeaders } as IncomingMessage
}

describe('a bearer token', () => {
  it.each(['Bearer abc', 'bearer abc', 'BEARER abc', 'Bearer    abc'])('is found in %j', (value) =>
    expect(bearerToken(requestWith(value))).toBe('abc'),
  )

  it.each(['Basic YTpi', 'Digest x', 'Bearerabc', 'Bear abc', ''])('is not there in %j', (value) =>
    expect(bearerToken(requestWith(value))).toBeUndefined(),
  )

  it('is not there without the header', () => expect(bearerToken(requestWith())).toBeUndefined())

  it.each(['Bearer', 'Bearer '])('that is missing after its scheme is there and unusable: %j', (value) =>
    expect(bearerToken(requestWith(value))).toBe(''),
  )

  it('that comes twice is unusable, whichever of the two is good', () => {
    expect(bearerToken(requestWith('Bearer good', 'Bearer evil'))).toBe('')
    expect(bearerToken(requestWith('Bearer good', 'Basic YTpi'))).toBe('')
  })
})
