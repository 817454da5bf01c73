import { formatPosition } from '@curfew/contracts'
import { describe, expect, it } from 'vitest'

import { PositionWaiters } from './position-waiters.ts'

const at = (seq: number) => formatPosition(1, seq)

describe('PositionWaiters', () => {
  it('answers each as soon as its position is reached, and no sooner', async () => {
    const waiters = new PositionWaiters()
    const answers: number[] = []
    const waiting = [5, 3, 9].map(async (seq) => {
      expect(await waiters.wait(at(seq), 10_000)).toBe(true)
      answers.push(seq)
    })
    waiters.reached(at(2))
    await Promise.resolve()
    expect(answers).toEqual([])
    waiters.reached(at(5))
    await Promise.all(waiting.slice(0, 2))
    expect(new Set(answers)).toEqual(new Set([3, 5]))
    waiters.reached(at(10))
    await Promise.all(waiting)
    expect(answers).toContain(9)
  })

  it('answers false when time is up, and still serves those who wait longer', async () => {
    const waiters = new PositionWaiters()
    const patient = waiters.wait(at(2), 10_000)
    expect(await waiters.wait(at(1), 1)).toBe(false)
    waiters.reached(at(2))
    expect(await patient).toBe(true)
  })

  it('answers false to everybody at close, also to those who come later', async () => {
    const waiters = new PositionWaiters()
    const waiting = waiters.wait(at(1), 10_000)
    waiters.close()
    expect(await waiting).toBe(false)
    expect(await waiters.wait(at(1), 10_000)).toBe(false)
  })
})
