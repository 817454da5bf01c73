/**
 * `curfew suspend` and `resume`: no session of a user or a tenant is admitted, and none can begin, until resumed.
 * Promise: a whole tenant is shown and asked about first.
 */
import { Type } from 'typebox'

import { ApprovalAnswer, EffectAnswer } from '../api/answers.ts'
import { segment } from '../api/http.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { usage } from '../failure.ts'
import { safeText } from '../terminal/safe-text.ts'
import {
  reasonArgument,
  subjectArgument,
  subjectPath,
  tenantArgument,
  type SubjectArgument,
} from './arguments.ts'
import { showWaiting } from './bring-about.ts'
import { change } from './change.ts'
import { dryRun, showDryRun } from './dry-run.ts'
import { exitFor, showEffect } from './effects.ts'
import type { Perform, Program } from './perform.ts'
import { confirmTyped, requireSomebodyToAsk } from './wide-act.ts'

const VERBS = {
  suspend: 'admit no session of a user or a tenant, and let none begin, until resumed',
  resume: 'take that back: earlier sessions within their limits are admitted again',
} as const
type Verb = keyof typeof VERBS

interface Options {
  readonly user?: SubjectArgument | undefined
  readonly tenant?: string | undefined
  readonly reason?: string | undefined
  readonly yes?: true | undefined
}

export function addSuspensions(program: Program, perform: Perform): void {
  for (const verb of ['suspend', 'resume'] as const)
    program
      .command(verb)
      .description(VERBS[verb])
      .option('--user <tenant/user>', 'this user', subjectArgument)
      .option('--tenant <tenant>', 'everybody of this tenant', tenantArgument)
      .option('--reason <text>', 'why, for those who read the audit trail', reasonArgument)
      .option('--yes', 'do not ask')
      .action((options, command) =>
        perform(command.optsWithGlobals(), (context) => setSuspended(context, verb, options)),
      )
}

const Suspension = Type.Intersect([
  Type.Object({ tenant: Type.String(), user: Type.Optional(Type.String()), suspended: Type.Boolean() }),
  EffectAnswer,
])
/** That of a whole tenant may wait for a second operator. */
const SuspensionResult = Type.Union([Suspension, ApprovalAnswer])

async function setSuspended(context: Context, verb: Verb, options: Options): Promise<ExitCode> {
  const { output } = context
  const { user, tenant, reason, yes } = options
  if ((user === undefined) === (tenant === undefined)) throw usage('Say whom: either --user or --tenant.')
  const typed = verb === 'suspend' ? tenant : undefined
  requireSomebodyToAsk(typed, yes === true)
  const operator = await context.operator()
  if (typed !== undefined && yes !== true) {
    // What is suspended loses what a revocation would end.
    const scope = { type: 'tenant', tenant: typed }
    const counted = await dryRun(operator, { scope, reason: 'counting before a suspension' })
    if (!output.isJson) showDryRun(output, counted)
    await confirmTyped(`suspend the tenant at ${operator.profile.server}`, typed)
  }
  const whom = user === undefined ? `/v1/tenants/${segment(tenant ?? '')}` : subjectPath(user)
  const json = reason === undefined ? {} : { reason }
  const call = { method: 'POST', path: `${whom}/${verb}`, json } as const
  const body = await change(context, operator, SuspensionResult, call)
  if ('expires_at' in body) {
    output.answer(body, () => showWaiting(output, body))
    return EXIT.unconfirmed
  }
  output.answer(body, () => {
    const name = body.user === undefined ? `the tenant ${body.tenant}` : `${body.tenant}/${body.user}`
    output.line(`${safeText(name)} ${body.suspended ? 'is suspended' : 'may log in again'}`)
    showEffect(output, body)
  })
  return exitFor(body)
}
