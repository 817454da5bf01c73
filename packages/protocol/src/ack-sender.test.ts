import type { MemberId } from '@curfew/contracts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { AckSender } from './ack-sender.ts'

const [one, two] = ['one', 'two'] as MemberId[] as [MemberId, MemberId]
let sent: [MemberId, number][]
let acks: AckSender

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  sent = []
  acks = new AckSender((replica, applied) => void sent.push([replica, applied]))
})
afterEach(() => {
  acks.close()
  vi.useRealTimers()
})

function entry(seq: number, ...askers: MemberId[]): void {
  for (const asker of askers) acks.owe(asker)
  acks.applied(seq)
}

describe('acknowledgements', () => {
  it('go at once to who asked, and to nobody else', () => {
    entry(1)
    expect(sent).toEqual([])
    entry(2, one)
    expect(sent).toEqual([[one, 2]])
  })

  it('are never sent before the effect, however often time passes meanwhile', () => {
    entry(1, one)
    acks.owe(one)
    vi.advanceTimersByTime(100)
    expect(sent).toEqual([[one, 1]])
    acks.applied(2)
    expect(sent).toEqual([
      [one, 1],
      [one, 2],
    ])
  })

  it('are not forgotten when the reader proves several entries only later', () => {
    entry(1, one)
    acks.owe(one)
    acks.owe(one)
    vi.advanceTimersByTime(1000)
    // What was proven before says nothing about the entries that ask.
    acks.applied(1)
    expect(sent).toHaveLength(1)
    acks.applied(3)
    expect(sent.at(-1)).toEqual([one, 3])
  })

  it('go to one replica at most every 4 ms, and the last one says everything', () => {
    for (let seq = 1; seq <= 50; seq++) {
      entry(seq, one, two)
      vi.advanceTimersByTime(1)
    }
    vi.advanceTimersByTime(4)
    for (const replica of [one, two]) {
      const applied = sent.filter(([to]) => to === replica).map(([, seq]) => seq)
      expect(applied.length).toBeLessThanOrEqual(14)
      expect(applied.at(-1)).toBe(50)
    }
  })

  it('come within 4 ms of the one before', () => {
    entry(1, one)
    vi.advanceTimersByTime(3)
    entry(2, one)
    expect(sent).toEqual([[one, 1]])
    vi.advanceTimersByTime(1)
    expect(sent.at(-1)).toEqual([one, 2])
  })

  it('leave no timer behind once everybody has heard', () => {
    entry(1, one)
    vi.advanceTimersByTime(100)
    expect(vi.getTimerCount()).toBe(0)
  })
})
