#!/usr/bin/env node
/** The command line of Curfew's operators, as a process. */
import { run } from './program.ts'

// Whoever reads the answer may have seen enough: `curfew sessions ls | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 70)
})
process.exitCode = await run(process.argv.slice(2))
