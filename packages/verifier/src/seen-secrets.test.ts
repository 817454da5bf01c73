import type { SessionId } from '@curfew/contracts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { SeenSecret } from './authority.ts'
import type { Presented } from './coherent-verifier.ts'
import { at } from './core.fixture.ts'
import { SeenSecrets } from './seen-secrets.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function setUp() {
  const told: SeenSecret[][] = []
  const answers: ((isHeard: boolean) => void)[] = []
  let nowMs = 0
  const seenSecrets = new SeenSecrets({
    clock: () => at(nowMs),
    report: (seen) => {
      told.push(seen)
      return new Promise((answer) => answers.push(answer))
    },
  })
  const answer = async (isHeard: boolean): Promise<void> => {
    answers.shift()?.(isHeard)
    await vi.advanceTimersByTimeAsync(0)
  }
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms
    await vi.advanceTimersByTimeAsync(ms)
  }
  return { seenSecrets, told, answer, pass }
}

const seen = (name: string, beganMs = 0): Presented => ({
  sessionId: `session-${name}` as SessionId,
  proof: `proof-${name}`,
  beganAt: at(beganMs),
})
const namesIn = (told: readonly SeenSecret[]) =>
  told.map(({ secretHash }) => secretHash.replace('proof-', ''))

describe('what was seen of secrets', () => {
  it('is told at once, and what comes meanwhile afterwards, in its order', async () => {
    const { seenSecrets, told, answer } = setUp()
    for (const name of ['a', 'b', 'c']) seenSecrets.add(seen(name))
    expect(told.map(namesIn)).toEqual([['a']])
    await answer(true)
    expect(told.map(namesIn)).toEqual([['a'], ['b', 'c']])
    await answer(true)
    expect(told).toHaveLength(2)
    seenSecrets.add(seen('d'))
    expect(told.map(namesIn)).toEqual([['a'], ['b', 'c'], ['d']])
  })

  it('is told again until it is heard, with how long ago it was by then', async () => {
    const { seenSecrets, told, answer, pass } = setUp()
    seenSecrets.add(seen('a'))
    await answer(false)
    expect(told).toHaveLength(1)
    await pass(100)
    await answer(false)
    await pass(200)
    expect(told.map(([one]) => one?.agoMs)).toEqual([0, 100, 300])
    await answer(true)
    await pass(60_000)
    expect(told).toHaveLength(3)
  })

  it('is given up after a minute', async () => {
    const { seenSecrets, told, answer, pass } = setUp()
    seenSecrets.add(seen('a'))
    await answer(false)
    await pass(60_001)
    const before = told.length
    await pass(60_000)
    expect(told.length).toBeLessThanOrEqual(before)
    seenSecrets.add(seen('b', 120_001))
    expect(told.slice(before).flatMap(namesIn)).not.toContain('a')
  })

  it('is bounded, told once however often it repeats itself, and in questions that are not too long', async () => {
    const { seenSecrets, told, answer } = setUp()
    seenSecrets.add(seen('first'))
    for (let n = 0; n < 3_000; n++) seenSecrets.add(seen(String(n % 2_000)))
    while (told.length > 0 && told.at(-1)?.length !== 0) {
      const before = told.length
      await answer(true)
      if (told.length === before) break
    }
    expect(told.flat()).toHaveLength(1_000)
    expect(Math.max(...told.map(({ length }) => length))).toBe(64)
  })

  it('is told to nobody once it is closed', async () => {
    const { seenSecrets, told, answer, pass } = setUp()
    seenSecrets.add(seen('a'))
    seenSecrets.close()
    seenSecrets.add(seen('b'))
    await answer(false)
    await pass(10_000)
    expect(told.map(namesIn)).toEqual([['a']])
  })
})
