/** Each mistake of the simulation is put into the sources as they are now; the simulation itself would notice only minutes later. */
import { readFile } from 'node:fs/promises'

import { expect, it } from 'vitest'

import { MUTANTS } from '../../test/simulation/mutants.ts'
import { mutate } from '../../test/simulation/mutate.ts'

it.each(MUTANTS)('finds its place: $name', async (mutant) => {
  const source = await readFile(new URL(`../../${mutant.file}`, import.meta.url), 'utf8')
  expect(mutate(mutant, source)).not.toBe(source)
})
