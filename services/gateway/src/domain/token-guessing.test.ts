import { describe, expect, it, vi } from 'vitest'

import { countingThrottle } from './counting-throttle.fixture.ts'
import { createTokenGuessing, isGuess } from './token-guessing.ts'

const [attacker, neighbour] = ['203.0.113.1/32', '203.0.113.2/32']

function setUp(perAddressAndMinute = 10) {
  const throttle = countingThrottle()
  const onGuessing = vi.fn()
  const onFailure = vi.fn()
  const guessing = createTokenGuessing({
    throttle,
    perAddressAndMinute,
    nowMs: throttle.nowMs,
    onGuessing,
    onFailure,
  })
  return { throttle, guessing, onGuessing, onFailure }
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('an address that tries tokens', () => {
  it('is found out at the limit, once, and forgotten after the window; others are not touched', async () => {
    const { throttle, guessing, onGuessing } = setUp()
    for (let count = 0; count < 10; count += 1) guessing.note(attacker)
    await settled()
    expect(guessing.usedUp(attacker, throttle.nowMs())).toBeUndefined()
    guessing.note(attacker)
    await settled()
    expect(guessing.usedUp(attacker, throttle.nowMs())?.policy.name).toBe('token-guesses')
    expect(guessing.usedUp(neighbour, throttle.nowMs())).toBeUndefined()
    for (let count = 0; count < 100; count += 1) guessing.note(attacker)
    await settled()
    expect(onGuessing).toHaveBeenCalledExactlyOnceWith(attacker)
    throttle.advance(60_000)
    expect(guessing.usedUp(attacker, throttle.nowMs())).toBeUndefined()
  })

  it('costs few questions, however fast it is', async () => {
    const { throttle, guessing, onGuessing } = setUp(5_000)
    for (let count = 0; count < 10_000; count += 1) guessing.note(attacker)
    await settled()
    expect(throttle.asked()).toBeLessThan(10)
    expect(onGuessing).toHaveBeenCalledOnce()
  })

  it('is let be while counting fails, and found out afterwards', async () => {
    const { throttle, guessing, onGuessing, onFailure } = setUp(2)
    const take = vi.spyOn(throttle, 'take').mockRejectedValue(new Error('away'))
    guessing.note(attacker)
    await settled()
    expect(onFailure).toHaveBeenCalledOnce()
    expect(guessing.usedUp(attacker, 0)).toBeUndefined()
    take.mockRestore()
    for (let count = 0; count < 5; count += 1) guessing.note(attacker)
    await settled()
    expect(onGuessing).toHaveBeenCalledOnce()
  })
})

it('who presents a session that is over guesses nothing', () => {
  expect((['unknown', 'mismatch', 'malformed'] as const).every(isGuess)).toBe(true)
  expect((['revoked', 'expired', 'suspended'] as const).some(isGuess)).toBe(false)
})
