import { expect, it } from 'vitest'

import { Rereading } from './rereading.ts'

const seen = [
  [3, 'alice'],
  [4, 'barrier'],
  [5, 'bob'],
] as const

it('misses nothing that it meets again', () => {
  const reading = new Rereading(seen)
  for (const [seq, subject] of seen) reading.met(seq, subject)
  expect(reading.lost).toBeUndefined()
})

it('does not miss what a later entry about the same has taken the place of', () => {
  const reading = new Rereading(seen)
  reading.met(3, 'alice')
  reading.met(7, 'bob')
  reading.met(8, 'barrier')
  expect(reading.lost).toBeUndefined()
})

it('misses what is gone, though nothing else stands in its place', () => {
  const reading = new Rereading(seen)
  reading.met(3, 'alice')
  reading.met(8, 'barrier')
  expect(reading.lost).toBe(5)
})

it('is not consoled by an earlier entry about the same', () => {
  const reading = new Rereading(seen)
  reading.met(2, 'bob')
  reading.met(3, 'alice')
  reading.met(8, 'barrier')
  expect(reading.lost).toBe(5)
})
