/**
 * `pnpm simulate --seeds N [--from S]`: that many seeds on all cores; the first that breaks a promise is shown.
 * `pnpm simulate --seed S [--mutant NAME]`: one seed, with everything that happens.
 * `pnpm simulate --mutants`: finds a seed that catches each mutant, and remembers it for the test.
 */
import { parseArgs } from 'node:util'

import { readCaughtBy, seedThatCatches, writeCaughtBy } from './catching.ts'
import { simulateAll } from './crew.ts'
import { MUTANTS } from './mutants.ts'
import type { Simulated } from './simulate.ts'
import { Tally } from './tally.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    mutant: { type: 'string' },
    mutants: { type: 'boolean', default: false },
  },
})
const mutant = values.mutant === undefined ? {} : { mutant: values.mutant }

if (values.mutants) await catchAll()
else if (values.seed === undefined) await runMany(numberFrom(values.from), numberFrom(values.seeds))
else await showOne(numberFrom(values.seed))

async function runMany(from: number, seeds: number): Promise<void> {
  const tally = new Tally()
  let [done, checks, virtualMs] = [0, 0, 0]
  const broken: Simulated[] = []
  const began = performance.now()
  const onSimulated = (simulated: Simulated): void => {
    done += 1
    checks += simulated.checks
    virtualMs += simulated.virtualMs
    tally.add(simulated.counts)
    if (simulated.broken !== undefined) broken.push(simulated)
    if (done % 1_000 === 0)
      console.log(`${done} seeds, ${((performance.now() - began) / 1_000).toFixed(0)} s`)
  }
  await simulateAll({ from, to: from + seeds - 1 }, { ...mutant, stopsAtFirst: true, onSimulated })
  for (const what of Object.keys(tally.counts).toSorted())
    console.log(`${String(tally.counts[what]).padStart(10)}  ${what}`)
  const seconds = (performance.now() - began) / 1_000
  console.log(
    `${done} seeds, ${Math.round(virtualMs / 1_000)} virtual seconds and ${checks} checks in ${seconds.toFixed(0)} s`,
  )
  const first = broken.toSorted((one, other) => one.seed - other.seed)[0]
  if (first !== undefined) await showOne(first.seed)
}

async function showOne(seed: number): Promise<void> {
  await simulateAll(
    { from: seed, to: seed },
    {
      ...mutant,
      isTraced: true,
      onSimulated: ({ trace = [], broken }) => {
        for (const line of trace) console.log(line)
        if (broken === undefined) return console.log(`seed ${seed}: every promise was kept`)
        process.exitCode = 1
        const repeat = mutant.mutant === undefined ? '' : ` --mutant '${mutant.mutant}'`
        console.log(`seed ${seed}: ${broken}\nrepeat it with: pnpm simulate --seed ${seed}${repeat}`)
      },
    },
  )
}

async function catchAll(): Promise<void> {
  const remembered = await readCaughtBy()
  const caughtBy: Record<string, number> = {}
  for (const { name } of MUTANTS) {
    const seed = await seedThatCatches(name, remembered[name])
    console.log(`${String(seed ?? 'not caught').padStart(10)}  ${name}`)
    if (seed === undefined) process.exitCode = 1
    else caughtBy[name] = seed
  }
  await writeCaughtBy(caughtBy)
}

function numberFrom(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`${text} is not a number above zero`)
  return number
}
