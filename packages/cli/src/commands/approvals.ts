/**
 * `curfew approvals`: the word of a second operator, where one alone may not.
 * Promise: what is approved is shown first, with whom it would hit; approving twice is approving once.
 */
import { ApprovalAnswer, ApprovalsAnswer, type Approval } from '../api/answers.ts'
import { segment } from '../api/http.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { Failure } from '../failure.ts'
import type { Column } from '../terminal/output.ts'
import { safeText } from '../terminal/safe-text.ts'
import { noteChange } from '../terminal/standard-output.ts'
import { clockText, timeText } from '../terminal/times.ts'
import { bringAbout } from './bring-about.ts'
import { CONFIRMED_WITHIN_SECONDS } from './change.ts'
import { dryRun, showDryRun } from './dry-run.ts'
import { collectPages } from './paging.ts'
import type { Perform, Program } from './perform.ts'
import { scopeText } from './scope.ts'
import { confirmTyped, requireSomebodyToAsk } from './wide-act.ts'

const ALL = 1_000

export function addApprovals(program: Program, perform: Perform): void {
  const approvals = program
    .command('approvals')
    .description('revocations and suspensions that wait for a second operator')
  approvals
    .command('ls')
    .description('list them, the next to expire first')
    .action((_options, command) => perform(command.optsWithGlobals(), list))
  approvals
    .command('approve')
    .description('let it happen, and see that it took effect')
    .argument('<id>', 'rev_…')
    .option('--yes', 'do not ask')
    .action((id, { yes }, command) =>
      perform(command.optsWithGlobals(), (context) => approve(context, id, yes === true)),
    )
  approvals
    .command('reject')
    .description('let it not happen')
    .argument('<id>', 'rev_…')
    .action((id, _options, command) => perform(command.optsWithGlobals(), (context) => reject(context, id)))
}

async function list(context: Context): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const page = await collectPages<Approval>(ALL, async (cursor) => {
    const call = { method: 'GET', path: '/v1/approvals', query: { cursor } } as const
    const { body } = await operator.for(ApprovalsAnswer, call)
    return { items: body.approvals, next: body.next_cursor }
  })
  output.answer({ approvals: page.items, more: page.hasMore }, () =>
    output.table(page.items, COLUMNS, 'Nothing waits for a second operator.'),
  )
  return EXIT.done
}

const COLUMNS: readonly Column<Approval>[] = [
  { title: 'ASKED', of: ({ revocation }) => clockText(revocation.at) },
  { title: 'UNTIL', of: ({ expires_at }) => clockText(expires_at) },
  { title: 'WHAT', of: ({ act = 'revoke' }) => act },
  { title: 'WHOM', of: ({ revocation }) => scopeText(revocation.scope) },
  { title: 'WHY', of: ({ revocation }) => revocation.reason },
  { title: 'BY', of: ({ revocation }) => revocation.actor },
  { title: 'ID', of: ({ revocation }) => revocation.id },
]

async function approve(context: Context, id: string, isAllowed: boolean): Promise<ExitCode> {
  const { output } = context
  requireSomebodyToAsk('approve', isAllowed)
  const operator = await context.operator()
  const path = `/v1/revocations/${segment(id)}`
  if (!isAllowed) {
    const { revocation, act, expires_at } = (await operator.for(ApprovalAnswer, { method: 'GET', path })).body
    const { scope, reason, actor, except = [] } = revocation
    output.fields({
      what: act ?? 'revoke',
      why: reason,
      by: actor,
      spares: except.join(' '),
      until: timeText(expires_at),
    })
    const counted = await dryRun(operator, { scope, reason })
    if (!output.isJson) showDryRun(output, counted)
    await confirmTyped(`end them at ${operator.profile.server}`, 'approve')
  }
  return bringAbout(context, operator, {
    call: { method: 'POST', path: `${path}/approve` },
    again: 'To wait for it, repeat the same command: it stays one revocation.',
    patienceMs: CONFIRMED_WITHIN_SECONDS * 1_000,
  })
}

async function reject(context: Context, id: string): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const path = `/v1/revocations/${segment(id)}/reject`
  const { body } = await operator.for(ApprovalAnswer, { method: 'POST', path })
  noteChange()
  if (body.state !== 'rejected') throw new Failure(EXIT.refused, `It is ${safeText(body.state)} by now.`)
  output.answer(body, () => output.line(`Rejected: ${scopeText(body.revocation.scope)} go on.`))
  return EXIT.done
}
