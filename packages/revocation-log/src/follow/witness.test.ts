import { describe, expect, it } from 'vitest'

import { REMEMBERED, Witness } from './witness.ts'

describe('Witness', () => {
  it('knows the greatest sequence that ever existed, whatever came after it', () => {
    const witness = new Witness(7)
    witness.holds(9, 'nine')
    witness.raise(20)
    witness.raise(5)
    witness.holds(8, 'eight')
    expect(witness.highest).toBe(20)
  })

  it('agrees with the same entry as often as it comes', () => {
    const witness = new Witness(0)
    expect([witness.holds(3, 'a'), witness.holds(3, 'a')]).toEqual([true, true])
  })

  it('notices another entry in a place that it remembers, and forgets only the oldest', () => {
    const witness = new Witness(0)
    for (let seq = 1; seq <= REMEMBERED + 10; seq += 1) witness.holds(seq, `entry-${seq}`)
    expect(witness.holds(11, 'another')).toBe(false)
    expect(witness.holds(11, 'entry-11')).toBe(true)
    expect(witness.holds(10, 'forgotten')).toBe(true)
  })

  it('gives what it applied only for as long as it cannot have expired, counted from the first time', () => {
    const witness = new Witness(0)
    witness.holds(1, 'stays', { subject: 'alice', mayExpireAtMs: Infinity })
    witness.holds(2, 'expires', { subject: 'session', mayExpireAtMs: 100 })
    witness.holds(2, 'expires', { subject: 'session', mayExpireAtMs: 200 })
    witness.holds(3, 'acknowledged and not applied')
    expect([...witness.from(1, 99)]).toEqual([
      [1, 'alice'],
      [2, 'session'],
    ])
    expect([...witness.from(1, 100)]).toEqual([[1, 'alice']])
  })
})
