import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { FeedOrder } from './feed-order.ts'

let delivered: number[]
let order: FeedOrder<number>

beforeEach(() => {
  vi.useFakeTimers()
  delivered = []
  order = new FeedOrder((_seq, item) => delivered.push(item))
})
afterEach(() => {
  order.close()
  vi.useRealTimers()
})

function take(...sequences: number[]): void {
  for (const seq of sequences) order.take(seq, seq)
}

describe('entries that overtake each other', () => {
  it('come out in order, each as soon as nothing before it is missing', () => {
    take(7, 9)
    expect(delivered).toEqual([7])
    take(8)
    expect(delivered).toEqual([7, 8, 9])
    take(13, 11, 12)
    expect(delivered).toEqual([7, 8, 9])
    take(10, 14)
    expect(delivered).toEqual([7, 8, 9, 10, 11, 12, 13, 14])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('are not waited for beyond a moment: the gap shows, and what follows it is followed', () => {
    take(1, 4, 3)
    vi.advanceTimersByTime(99)
    expect(delivered).toEqual([1])
    vi.advanceTimersByTime(1)
    expect(delivered).toEqual([1, 3, 4])
    take(5)
    expect(delivered).toEqual([1, 3, 4, 5])
  })

  it('do not have others wait longer than the first of them', () => {
    take(1, 3)
    vi.advanceTimersByTime(60)
    take(4)
    vi.advanceTimersByTime(40)
    expect(delivered).toEqual([1, 3, 4])
  })

  it('are held up to a limit', () => {
    take(1)
    const many = Array.from({ length: 65 }, (_, index) => 3 + index)
    take(...many)
    expect(delivered).toEqual([1, ...many])
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('passes on what comes late or twice, for the receiver to judge', () => {
  take(5, 6, 6, 2, 7)
  expect(delivered).toEqual([5, 6, 6, 2, 7])
})

it('drops what is held when it is closed', () => {
  take(1, 3)
  order.close()
  vi.advanceTimersByTime(1_000)
  expect(delivered).toEqual([1])
})

it('delivers nothing after it was closed, also by the receiver', () => {
  const seen: number[] = []
  const closing: FeedOrder<undefined> = new FeedOrder((seq) => {
    seen.push(seq)
    if (seq === 2) closing.close()
  })
  for (const seq of [1, 3, 2, 4]) closing.take(seq, undefined)
  expect(seen).toEqual([1, 2])
  expect(vi.getTimerCount()).toBe(0)
})
