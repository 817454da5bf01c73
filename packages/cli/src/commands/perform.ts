/** What joins the command line to what is done: a command's options, and the code with which the process ends. */
import type { Command } from '@commander-js/extra-typings'

import type { Context, GlobalOptions } from '../context.ts'
import type { ExitCode } from '../exit-codes.ts'

/** `curfew` itself, to which commands are added. */
export type Program = Command<[], GlobalOptions>

/** Runs a task with what every command needs; the code it answers is the process's. */
export type Perform = (options: GlobalOptions, task: (context: Context) => Promise<ExitCode>) => Promise<void>
