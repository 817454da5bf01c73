/** `pnpm check`: the checks that `npm test` begins with, then the unit tests. */
import { runChecks } from './checks.ts'
import { codeOfStop, runProgram, watchForSignals } from './run-program.ts'

watchForSignals()
const failed = await runChecks()
if (failed.length > 0) console.error(`\nNot acceptable: ${failed.join(', ')}. See above.`)
process.exitCode =
  codeOfStop() ??
  (failed.length > 0
    ? 1
    : await runProgram(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit']))
