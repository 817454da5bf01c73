import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { LineSums } from './line-sums.ts'

const EVENT = 'nats.question.malformed'
let written: object[]
let sums: LineSums
const note = (subject: string): void =>
  sums.note({ event: EVENT, request: 'resolve', subject }, (line) => written.push(line))

beforeEach(() => {
  vi.useFakeTimers()
  written = []
  sums = new LineSums()
})
afterEach(() => vi.useRealTimers())

describe('lines that a caller can cause', () => {
  it('are written once, and counted until the window ends', () => {
    for (let n = 0; n < 1_000; n++) note('a')
    expect(written).toEqual([{ event: EVENT, request: 'resolve', subject: 'a' }])
    vi.advanceTimersByTime(10_000)
    expect(written[1]).toMatchObject({ subject: 'a', count: 999 })
    note('a')
    expect(written).toHaveLength(3)
  })

  it('are counted together beyond a number of kinds, under the subject of none', () => {
    for (let n = 0; n < 1_000; n++) note(`subject-${n}`)
    expect(written).toHaveLength(16)
    sums.end()
    expect(written[16]).toEqual({ event: EVENT, request: 'resolve', count: 984, windowMs: 10_000 })
  })
})
