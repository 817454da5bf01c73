/** `curfew revocations ls` and `show`: what has been revoked, why and by whom, and whether it is confirmed. */
import { KnownRevocationAnswer, RevocationsAnswer, type Revocation } from '../api/answers.ts'
import { segment } from '../api/http.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { endedText } from '../terminal/counts.ts'
import type { Column } from '../terminal/output.ts'
import { positionText } from '../terminal/positions.ts'
import { clockText } from '../terminal/times.ts'
import { countArgument } from './arguments.ts'
import { collectPages } from './paging.ts'
import type { Perform, Program } from './perform.ts'
import { scopeText, unknownText } from './scope.ts'

const LIMIT = 20

export function addRevocations(program: Program, perform: Perform): void {
  const revocations = program.command('revocations').description('what operators have revoked')
  revocations
    .command('ls')
    .description('list them, newest first')
    .option('--limit <count>', 'at most so many', countArgument, LIMIT)
    .action(({ limit }, command) => perform(command.optsWithGlobals(), (context) => list(context, limit)))
  revocations
    .command('show')
    .description('show one, and whether it is confirmed')
    .argument('<id>', 'rev_…')
    .action((id, _options, command) => perform(command.optsWithGlobals(), (context) => show(context, id)))
}

async function list(context: Context, limit: number): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const page = await collectPages<Revocation>(limit, async (cursor) => {
    const { body } = await operator.for(RevocationsAnswer, {
      method: 'GET',
      path: '/v1/revocations',
      query: { cursor },
    })
    return { items: body.revocations, next: body.next_cursor }
  })
  output.answer({ revocations: page.items, more: page.hasMore }, () => {
    output.table(page.items, COLUMNS, 'Nothing has been revoked.')
    if (page.hasMore) output.note(`There are more: --limit shows more than ${limit}.`)
  })
  return EXIT.done
}

const COLUMNS: readonly Column<Revocation>[] = [
  { title: 'TIME', of: ({ at }) => clockText(at) },
  { title: 'WHOM', of: ({ scope }) => scopeText(scope) },
  { title: 'WHY', of: ({ reason }) => reason },
  { title: 'BY', of: ({ actor }) => actor },
  { title: 'POSITION', of: ({ position }) => positionText(position) },
  { title: 'ID', of: ({ id }) => id },
]

async function show(context: Context, id: string): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const path = `/v1/revocations/${segment(id)}`
  const { body } = await operator.for(KnownRevocationAnswer, { method: 'GET', path })
  output.answer(body, () => {
    const { revocation, state } = body
    output.fields({
      whom: scopeText(revocation.scope),
      why: revocation.reason,
      by: revocation.actor,
      at: clockText(revocation.at),
      position: positionText(revocation.position),
      spared: revocation.except?.join(' '),
      state,
      ended: endedText(body),
    })
    if (body.target_known === false) output.line(output.tone('yellow', unknownText(revocation.scope)))
  })
  return EXIT.done
}
