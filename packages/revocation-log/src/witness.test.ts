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
})
