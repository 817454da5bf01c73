/**
 * `curfew revoke`: ends sessions, and stays until every verifier is known to act accordingly.
 * Promise: one command is one revocation, however often it has to be sent; whoever interrupts it learns what is known.
 */
import { randomUUID } from 'node:crypto'

import { InvalidArgumentError } from 'commander'

import type { Operator } from '../account/operator.ts'
import type { RevocationRequest } from '../api/revocations.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { usage } from '../failure.ts'
import { sessionsText } from '../terminal/counts.ts'
import {
  clientArgument,
  countArgument,
  reasonArgument,
  sessionArgument,
  subjectArgument,
  tenantArgument,
} from './arguments.ts'
import { bringAbout } from './bring-about.ts'
import { CONFIRMED_WITHIN_SECONDS } from './change.ts'
import { dryRun, showDryRun } from './dry-run.ts'
import type { Perform, Program } from './perform.ts'
import { scopeOf, scopeText, typedFor, type ScopeOptions } from './scope.ts'
import { confirmTyped, requireSomebodyToAsk } from './wide-act.ts'

interface Options extends ScopeOptions {
  readonly reason?: string | undefined
  readonly exceptMe?: true | undefined
  readonly dryRun?: true | undefined
  readonly yes?: true | undefined
  readonly wait: number
  readonly idempotencyKey?: string | undefined
}

export function addRevoke(program: Program, perform: Perform): void {
  program
    .command('revoke')
    .description('end sessions everywhere, and see that it took effect')
    .option('--session <id>', 'this session', sessionArgument)
    .option('--user <tenant/user>', 'every session of this user', subjectArgument)
    .option('--tenant <tenant>', 'every session of this tenant', tenantArgument)
    .option('--client <client>', 'every session of this client application', clientArgument)
    .option('--everyone', 'every session of everyone')
    // Not a required option of the parser: that would be missed before an option that does not exist.
    .option('--reason <text>', 'why, for those who read the history; needed', reasonArgument)
    .option('--except-me', 'spare the session that this is done with')
    .option('--dry-run', 'only count whom it would hit')
    .option('--yes', 'do not ask')
    .option(
      '--wait <seconds>',
      'how long to wait for a confirmation',
      countArgument,
      CONFIRMED_WITHIN_SECONDS,
    )
    .option('--idempotency-key <key>', 'finish the revocation that was begun with this key', keyArgument)
    .action((options, command) => perform(command.optsWithGlobals(), (context) => run(context, options)))
}

async function run(context: Context, options: Options): Promise<ExitCode> {
  const { output } = context
  const { reason } = options
  if (reason === undefined) throw usage('Say why: --reason TEXT, for those who read the history.')
  const scope = scopeOf(options)
  if (options.exceptMe === true && scope.type === 'session')
    throw usage('--except-me goes with more than one session.')
  const typed = typedFor(scope)
  requireSomebodyToAsk(typed, options.yes === true || options.dryRun === true)
  const operator = await context.operator()
  const request: RevocationRequest = {
    scope,
    reason,
    ...(options.exceptMe === true && { except_current: true }),
  }
  if (options.dryRun === true) {
    const counted = await dryRun(operator, request)
    output.answer(counted, () => showDryRun(output, counted))
    return EXIT.done
  }
  if (typed !== undefined && options.yes !== true) {
    const counted = await dryRun(operator, request)
    if (output.isJson) output.note(`${scopeText(scope)}: ${sessionsText(counted.would_affect)}`)
    else showDryRun(output, counted)
    const spared = options.exceptMe === true ? ' but this one' : ''
    await confirmTyped(`end them all${spared}, at ${operator.profile.server}`, typed)
  }
  return carryOut(context, operator, { request, options })
}

function carryOut(
  context: Context,
  operator: Operator,
  { request, options }: { readonly request: RevocationRequest; readonly options: Options },
): Promise<ExitCode> {
  const key = options.idempotencyKey ?? randomUUID()
  context.output.line(`Ending ${scopeText(request.scope)}`)
  return bringAbout(context, operator, {
    call: {
      method: 'POST',
      path: '/v1/revocations',
      json: request,
      headers: { 'idempotency-key': key },
    },
    again: `To wait for it, repeat the same command with --idempotency-key ${key}: it stays one revocation.`,
    patienceMs: options.wait * 1_000,
  })
}

function keyArgument(text: string): string {
  if (!/^[\x21-\x7e]{1,128}$/.test(text))
    throw new InvalidArgumentError('It is up to 128 printable characters.')
  return text
}
