/**
 * Runs seeds in a process of its own, `node worker.ts FROM TO [STEP] [--mutant NAME] [--trace]`, and tells of each on
 * standard output.
 */
import { parseArgs } from 'node:util'

import { installHooks } from './hooks.ts'
import { MUTANTS } from './mutants.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { mutant: { type: 'string' }, trace: { type: 'boolean', default: false } },
})
const [from = 1, to = from, step = 1] = positionals.map(Number)
const mutant = values.mutant === undefined ? undefined : MUTANTS.find(({ name }) => name === values.mutant)
if (values.mutant !== undefined && mutant === undefined)
  throw new Error(`no mutant is called ${values.mutant}`)

const wasApplied = installHooks(mutant)
const { simulate, noteUncaught } = await import('./simulate.ts')
if (mutant !== undefined && !wasApplied()) throw new Error(`nothing loads ${mutant.file}`)
const { installVirtualGlobals } = await import('./virtual-globals.ts')
installVirtualGlobals()
process.on('unhandledRejection', noteUncaught)
// Most errors here are expected, and nobody reads where they come from.
if (!values.trace) Error.stackTraceLimit = 3

for (let seed = from; seed <= to; seed += step) {
  const simulated = await simulate(seed, { isTraced: values.trace })
  process.stdout.write(`${JSON.stringify(simulated)}\n`)
}
// What is still on its way out would be lost with the process.
await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
// Connections that nobody closed would keep nothing alive; what else might is not waited for.
process.exit()
