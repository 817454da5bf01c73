import { expect, it } from 'vitest'

import { wantedBytes, type RangeFields } from './byte-range.ts'

const ETAG = '"v1"'
const SIZE = 10_000
const wanted = (fields: Partial<RangeFields>, size = SIZE) =>
  wantedBytes({ range: undefined, ifRange: undefined, ...fields }, { size, etag: ETAG })

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

it.each([
  ['bytes=0-', 'unsatisfiable'],
  ['bytes=0-0', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=-1', 'whole'],
  ['bytes=0-0,1-1', 'whole'],
])('of an empty file, %s is %s', (range, kind) => {
  expect(wanted({ range }, 0)).toEqual({ kind })
})

it('no other blanks than SP and HTAB stand around an entity tag', () => {
  expect(wanted({ range: 'bytes=0-0', ifRange: `${ETAG}\u00a0` })).toEqual({ kind: 'whole' })
})

it.each(['bytes=9007199254740993-', `bytes=${'9'.repeat(400)}-`])('%s lies outside as well', (range) => {
  expect(wanted({ range })).toEqual({ kind: 'unsatisfiable' })
})

it('the end of a part may be any number', () => {
  expect(wanted({ range: `bytes=5-${'9'.repeat(400)}` })).toEqual({ kind: 'part', from: 5, until: SIZE })
  expect(wanted({ range: `bytes=-${'9'.repeat(400)}` })).toEqual({ kind: 'part', from: 0, until: SIZE })
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
