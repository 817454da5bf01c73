#!/usr/bin/env node
/** The command line of Curfew's operators, as a process. */
import { run } from './program.ts'
import { codeOnceWritten, watchOutput } from './terminal/standard-output.ts'

watchOutput()
process.exitCode = await codeOnceWritten(await run(process.argv.slice(2)))
