/** Finds a seed that catches a mutant, and remembers it: searching takes minutes, trying a known seed a second. */
import { readFile, writeFile } from 'node:fs/promises'

import { simulateAll, type Seeds } from './crew.ts'

/** Most mutants are caught within a few dozen seeds. */
const SEEDS_PER_MUTANT = 2_500

const file = new URL('caught-by.json', import.meta.url)

/** By the mutant's name. Any change of the code may make a seed another run, so that it no longer catches. */
export type CaughtBy = Readonly<Record<string, number>>

export async function readCaughtBy(): Promise<CaughtBy> {
  return JSON.parse(await readFile(file, 'utf8')) as CaughtBy
}

export async function writeCaughtBy(caughtBy: CaughtBy): Promise<void> {
  await writeFile(file, `${JSON.stringify(caughtBy, null, 2)}\n`)
}

/** Tries the remembered seed before it searches; answers undefined where no seed catches the mutant. */
export async function seedThatCatches(mutant: string, remembered?: number): Promise<number | undefined> {
  const known =
    remembered === undefined ? undefined : await firstBroken(mutant, { from: remembered, to: remembered })
  return known ?? (await firstBroken(mutant, { from: 1, to: SEEDS_PER_MUTANT }))
}

async function firstBroken(mutant: string, seeds: Seeds): Promise<number | undefined> {
  let found: number | undefined
  await simulateAll(seeds, {
    mutant,
    stopsAtFirst: true,
    onSimulated: ({ seed, broken }) => {
      if (broken !== undefined) found ??= seed
    },
  })
  return found
}
