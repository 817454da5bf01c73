import { describe, expect, it } from 'vitest'

import { judge } from './preconditions.ts'

const ETAG = '"v1"'
const given = (ifMatch?: string, ifNoneMatch?: string) => ({ ifMatch, ifNoneMatch })

describe('If-Match', () => {
  it.each([ETAG, '*', ' * ', '"v0", "v1"', '"v0" ,\t"v1"', ', "v1",', '"a,b", "v1"'])(
    '%s is met',
    (field) => {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'])
        expect(judge(method, given(field), ETAG)).toBe('go-on')
    },
  )

  it.each(['"v2"', 'W/"v1"', 'v1', '', '"v1', '"v0" "v1"', '"v0", v1, "v1"', '*, "v2"', 'w/"v1"', '",v1"'])(
    '%j is not, whatever the method',
    (field) => {
      for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'])
        expect(judge(method, given(field), ETAG)).toBe('failed')
    },
  )

  it('is not met where there is nothing, not by * either', () => {
    for (const field of [ETAG, '*']) expect(judge('PUT', given(field), undefined)).toBe('failed')
  })

  it('comes first', () => {
    expect(judge('GET', given('"v2"', ETAG), ETAG)).toBe('failed')
    expect(judge('GET', given(ETAG, ETAG), ETAG)).toBe('not-modified')
    expect(judge('GET', given(ETAG, '"v2"'), ETAG)).toBe('go-on')
  })
})

describe('If-None-Match', () => {
  it.each([ETAG, 'W/"v1"', '"v0", "v1"', '*'])('%s is 304 where something is read, and 412 else', (field) => {
    for (const method of ['GET', 'HEAD'])
      expect(judge(method, given(undefined, field), ETAG)).toBe('not-modified')
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect(judge(method, given(undefined, field), ETAG)).toBe('failed')
  })

  it.each(['"v2"', 'v1', '', '"v1', '",v1"'])('%j does not name this version', (field) => {
    expect(judge('GET', given(undefined, field), ETAG)).toBe('go-on')
  })

  it('is met where there is nothing', () => {
    for (const field of [ETAG, '*']) expect(judge('PUT', given(undefined, field), undefined)).toBe('go-on')
  })
})

it('a field of any length is judged in no time', { timeout: 2_000 }, () => {
  const long = `${'"a",'.repeat(4_000)}x`
  expect(judge('GET', given(long), ETAG)).toBe('failed')
  expect(judge('GET', given(', '.repeat(8_000)), ETAG)).toBe('failed')
})
