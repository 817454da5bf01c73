/**
 * ② ④ ⑤ The promises of the revocation protocol, held against the code that keeps them, in virtual time and under every
 * kind of fault; and mistakes in that code, each of which must be found out.
 */
import { beforeAll, describe, expect, it } from 'vitest'

import { readCaughtBy, seedThatCatches } from './catching.ts'
import { simulateAll } from './crew.ts'
import { mutate } from './mutate.ts'
import { MUTANTS } from './mutants.ts'
import type { Simulated } from './simulate.ts'
import { Tally } from './tally.ts'

const SEEDS = 1_000

/** What must have happened in all of it, and how often at least, for it to prove anything. */
const LEAST: Readonly<Record<string, number>> = {
  'fault pause': 500,
  'fault suspend': 150,
  'fault kill': 500,
  'fault leave': 250,
  'fault wall clock set': 250,
  'fault link cut': 500,
  'fault link silent': 500,
  'fault deaf to members': 150,
  'fault deaf to the log': 150,
  'fault log out of reach': 150,
  'fault storm': 250,
  'fault broker restart': 250,
  'fault store away': 150,
  'fault store hanging': 150,
  'fault store put back': 250,
  'fault log rolled back': 50,
  'fault lease length changed': 50,
  'fault entry lost': 7,
  'fault standstill': 40,
  'fact expired': 20,
  'lost feed': 2_500,
  'lost acknowledgement': 150,
  'confirmed by acknowledgement': 1_500,
  'confirmed by lease-expiry': 1_500,
  'log member.rejoining': 150,
  'report viewStartedAgain': 250,
  frozen: 75,
  'log log.closed': 75,
  'closing lost': 10,
}

describe(`the real code over ${SEEDS} seeds`, () => {
  const tally = new Tally()
  const broken: Simulated[] = []
  let [done, checks, virtualMs] = [0, 0, 0]

  beforeAll(async () => {
    await simulateAll(
      { from: 1, to: SEEDS },
      {
        onSimulated: (simulated) => {
          done += 1
          checks += simulated.checks
          virtualMs += simulated.virtualMs
          tally.add(simulated.counts)
          if (simulated.broken !== undefined) broken.push(simulated)
        },
      },
    )
    console.log(`${done} seeds, ${Math.round(virtualMs / 1_000)} virtual seconds, ${checks} checks`)
  }, 600_000)

  it('keeps every promise', () => {
    expect(
      broken.map(({ seed, broken: how }) => `${how}; repeat it with: pnpm simulate --seed ${seed}`),
    ).toEqual([])
    expect(done).toBe(SEEDS)
  })

  it('has asked often enough', () => {
    expect(virtualMs).toBeGreaterThan(SEEDS * 15_000)
    expect(checks).toBeGreaterThan(SEEDS * 500)
  })

  it.each(Object.entries(LEAST))('has met %s at least %i times', (what, times) => {
    expect(tally.counts[what] ?? 0).toBeGreaterThanOrEqual(times)
  })
})

describe('a mistake in the real code is found out', async () => {
  const caughtBy = await readCaughtBy()
  it.each(MUTANTS)('$name', { timeout: 900_000 }, async ({ name }) => {
    expect(await seedThatCatches(name, caughtBy[name])).toBeDefined()
  })

  it('and one that is not where it is looked for is an error', () => {
    const mutant = { name: 'mistaken', file: 'a.ts', edits: [['one', 'two']] } as const
    expect(() => mutate(mutant, 'two')).toThrow('its place is 0 times in a.ts')
    expect(() => mutate(mutant, 'one one')).toThrow('its place is 2 times in a.ts')
    expect(mutate(mutant, 'one')).toBe('two')
  })
})

describe('a seed', () => {
  it('does the same again, whatever was simulated before it', { timeout: 60_000 }, async () => {
    const [alone, again] = [await traceOf(7, 7), await traceOf(7, 5)]
    expect(alone.length).toBeGreaterThan(100)
    expect(again).toEqual(alone)
  })

  it('does something else than another', { timeout: 60_000 }, async () => {
    expect(await traceOf(7, 7)).not.toEqual(await traceOf(8, 8))
  })
})

async function traceOf(seed: number, from: number): Promise<readonly string[]> {
  let trace: readonly string[] = []
  const onSimulated = (simulated: Simulated): void => {
    if (simulated.seed === seed) trace = simulated.trace ?? []
  }
  await simulateAll({ from, to: seed }, { isTraced: true, workers: 1, onSimulated })
  return trace
}
