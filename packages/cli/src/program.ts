/**
 * The command line, put together: every command, what all have in common, and what the shell is told in the end.
 * Promise: it never rejects; an error of ours is told apart from a refusal, and neither shows a secret.
 */
import tab from '@bomb.sh/tab/commander'
import { Command as TypedCommand } from '@commander-js/extra-typings'
import { CommanderError, InvalidArgumentError, type Command } from 'commander'

import packageJson from '../package.json' with { type: 'json' }
import { addApprovals } from './commands/approvals.ts'
import { addAudit } from './commands/audit.ts'
import { addDoctor } from './commands/doctor.ts'
import { addGrants } from './commands/grants.ts'
import { addLogin, addLogout } from './commands/login.ts'
import type { Perform, Program } from './commands/perform.ts'
import { addRevocations } from './commands/revocations.ts'
import { addRevoke } from './commands/revoke.ts'
import { addRoles } from './commands/roles.ts'
import { addSessions } from './commands/sessions.ts'
import { addSuspensions } from './commands/suspensions.ts'
import { addVerifiers } from './commands/verifiers.ts'
import { addWatch } from './commands/watch.ts'
import { addWhoami } from './commands/whoami.ts'
import { readSettings } from './config.ts'
import { Context } from './context.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { Failure } from './failure.ts'
import { Output } from './terminal/output.ts'

/** @param args without the program's own name */
export async function run(args: readonly string[]): Promise<ExitCode> {
  const settings = readSettings()
  let code: ExitCode = EXIT.done
  const perform: Perform = async (options, task) => {
    code = await task(new Context(options, settings))
  }
  try {
    const program = createProgram(perform)
    await program.parseAsync(helpLast(program as unknown as Command, args), { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done
    const failure = asFailure(error)
    // Where the options themselves are wrong, they still say in which form the answer is wanted.
    const isJson = args.includes('--json')
    const isTold = error instanceof CommanderError && !(error instanceof InvalidArgumentError) && !isJson
    if (!isTold) new Output({ isJson, isDumb: settings.isTerminalDumb }).failure(failure)
    return failure.exit
  }
}

function createProgram(perform: Perform): TypedCommand {
  const program: Program = new TypedCommand('curfew')
    .description('End sessions and see that it took effect; grants, audit, health. For operators of Curfew.')
    .version(packageJson.version)
    .option('--json', 'answer with one JSON document')
    .option('--profile <name>', 'which login to use, where there are several (CURFEW_PROFILE)')
    .option('--server <url>', 'the session authority (CURFEW_SERVER)')
    .option('--gateway <url>', 'the public face, where logins happen (CURFEW_GATEWAY)')
    .exitOverride()
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .showHelpAfterError('Say --help for what there is.')
  for (const add of [
    addLogin,
    addLogout,
    addWhoami,
    addRevoke,
    addRevocations,
    addApprovals,
    addSessions,
    addGrants,
    addRoles,
    addSuspensions,
    addVerifiers,
    addWatch,
    addAudit,
    addDoctor,
  ])
    add(program, perform)
  tab(program as unknown as Command, { completionCommandName: 'completion' })
  forgetSimilarCommands(program as unknown as Command)
  return program
}

/** A command that is not there is never answered with the name of one that ends sessions. Options of one command are alike. */
function forgetSimilarCommands(command: Command): void {
  if (command.commands.length > 0) command.showSuggestionAfterError(false)
  for (const each of command.commands) forgetSimilarCommands(each)
}

const HELP = new Set(['-h', '--help'])

/** `-h revoke` asks about `revoke`, as `revoke -h` does: a request for help goes behind the command that follows it. */
function helpLast(program: Command, args: readonly string[]): readonly string[] {
  const asked: string[] = []
  const others: string[] = []
  let command: Command | undefined = program
  let at = 0
  while (at < args.length && command !== undefined && command.commands.length > 0) {
    const arg = args[at++] ?? ''
    if (HELP.has(arg)) asked.push(arg)
    else others.push(arg)
    if (program.options.some((option) => option.required && option.long === arg))
      others.push(...args.slice(at, ++at))
    else if (!arg.startsWith('-')) command = command.commands.find((each) => each.name() === arg)
  }
  return [...others, ...args.slice(at), ...asked]
}

function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  if (error instanceof CommanderError)
    return new Failure(EXIT.usage, error.message.replace(/^error: /, ''), { cause: error })
  const message = error instanceof Error ? error.message : String(error)
  return new Failure(EXIT.broken, `This should not have happened: ${message}`, {
    code: 'internal',
    cause: error,
  })
}
