import { expect, it } from 'vitest'

import { wantedBytes, type Conditions } from './byte-range.ts'

const ETAG = '"v1"'
const SIZE = 10_000
const wanted = (conditions: Partial<Conditions>, size = SIZE) =>
  wantedBytes(
    { range: undefined, ifRange: undefined, ifNoneMatch: undefined, ...conditions },
    { size, etag: ETAG },
  )

it.each([
  ['bytes=0-0', 0, 1],
  ['bytes=-500', 9_500, 10_000],
  ['bytes=9500-', 9_500, 10_000],
  ['bytes=9500-20000', 9_500, 10_000],
  ['bytes=-20000', 0, 10_000],
])('%s is one part', (range, from, until) => {
  expect(wanted({ range })).toEqual({ kind: 'part', from, until })
})

it.each([
  ['another unit', 'lines=1-2'],
  ['no range', 'bytes'],
  ['nonsense', 'bytes=a-b'],
  ['no number at all', 'bytes=-'],
  ['an end before its beginning', 'bytes=9-8'],
  ['several parts', 'bytes=0-0,5000-5001'],
  [
    'a thousand tiny parts',
    `bytes=${Array.from({ length: 1_000 }, (_, n) => `${n * 3}-${n * 3}`).join(',')}`,
  ],
])('%s is answered with the whole', (_, range) => {
  expect(wanted({ range })).toEqual({ kind: 'whole' })
})

it.each(['bytes=10000-', 'bytes=20000-30000', 'bytes=-0'])('%s lies outside', (range) => {
  expect(wanted({ range })).toEqual({ kind: 'unsatisfiable' })
})

it('nothing of an empty file is a part', () => {
  expect(wanted({ range: 'bytes=0-' }, 0)).toEqual({ kind: 'unsatisfiable' })
})

it.each([
  ['this version', ETAG, 'part'],
  ['another one', '"v2"', 'whole'],
  ['a weak tag', 'W/"v1"', 'whole'],
  ['a date', 'Sun, 22 Nov 2026 20:00:00 GMT', 'whole'],
])('If-Range with %s', (_, ifRange, kind) => {
  expect(wanted({ range: 'bytes=1-2', ifRange }).kind).toBe(kind)
  expect(wanted({ ifRange }).kind).toBe('whole')
})

it.each([
  [ETAG, 'unchanged'],
  ['W/"v1"', 'unchanged'],
  ['"v0", "v1"', 'unchanged'],
  ['*', 'unchanged'],
  ['"v2"', 'part'],
])('If-None-Match: %s', (ifNoneMatch, kind) => {
  expect(wanted({ range: 'bytes=1-2', ifNoneMatch }).kind).toBe(kind)
})
