/**
 * `curfew audit`: who did what, why, with what effect; and whether the trail is what it was.
 * Promise: `--verify` goes through the whole trail and says 0 only where nothing is wrong with it.
 */
import type { Operator } from '../account/operator.ts'
import { AuditAnswer, AuditVerificationAnswer, type AuditEvent } from '../api/answers.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { counted } from '../terminal/counts.ts'
import type { Column } from '../terminal/output.ts'
import { safeText } from '../terminal/safe-text.ts'
import { clockText } from '../terminal/times.ts'
import {
  countArgument,
  sessionArgument,
  subjectArgument,
  tenantArgument,
  type SubjectArgument,
} from './arguments.ts'
import { collectPages } from './paging.ts'
import type { Perform, Program } from './perform.ts'

interface Options {
  readonly tenant?: string | undefined
  readonly actor?: string | undefined
  readonly user?: SubjectArgument | undefined
  readonly session?: string | undefined
  readonly type?: string | undefined
  readonly requestId?: string | undefined
  readonly limit: number
  readonly verify?: true | undefined
}

const LIMIT = 50
const PAGE = 200

export function addAudit(program: Program, perform: Perform): void {
  program
    .command('audit')
    .description('who did what, why, with what effect; newest first')
    .option('--tenant <tenant>', 'in this tenant', tenantArgument)
    .option('--user <tenant/user>', 'about this user', subjectArgument)
    .option('--actor <actor>', 'by this one: TENANT/USER, client:ID, system or anonymous')
    .option('--session <id>', 'about this session', sessionArgument)
    .option('--type <type>', 'of this type, such as login.refused; login stands for all that begin so')
    .option('--request-id <id>', 'of this request')
    .option('--limit <count>', 'at most so many', countArgument, LIMIT)
    .option('--verify', 'check instead whether the trail has been altered')
    .action((options, command) =>
      perform(command.optsWithGlobals(), (context) =>
        options.verify === true ? verify(context) : list(context, options),
      ),
    )
}

async function list(context: Context, options: Options): Promise<ExitCode> {
  const { output } = context
  const { limit, user, actor, session, type } = options
  const operator = await context.operator()
  const page = await collectPages<AuditEvent>(limit, async (cursor) => {
    const query = {
      tenant: user?.tenant ?? options.tenant,
      user: user?.user,
      actor,
      session,
      type,
      request_id: options.requestId,
      limit: String(Math.min(limit, PAGE)),
      cursor,
    }
    const { body } = await operator.for(AuditAnswer, { method: 'GET', path: '/v1/audit', query })
    return { items: body.events, next: body.next }
  })
  output.answer({ events: page.items, more: page.hasMore }, () => {
    output.table(page.items, COLUMNS, 'Nothing of the kind has happened.')
    if (page.hasMore) output.note(`There is more: --limit shows more than ${limit}.`)
  })
  return EXIT.done
}

const COLUMNS: readonly Column<AuditEvent>[] = [
  { title: 'TIME', of: ({ at }) => clockText(at) },
  { title: 'WHAT', of: ({ type }) => type },
  {
    title: 'OUTCOME',
    of: ({ outcome }) => outcome,
    tone: ({ outcome }) => (outcome === 'done' ? undefined : outcome === 'refused' ? 'red' : 'yellow'),
  },
  { title: 'BY', of: ({ actor }) => actor },
  { title: 'ABOUT', of: aboutText },
  { title: 'WHY', of: ({ reason }) => reason },
  { title: 'EFFECT', of: ({ effect }) => effect },
]

function aboutText({ tenant, user, client, session, actor }: AuditEvent): string {
  const subject = [tenant, user].filter((part) => part !== undefined).join('/')
  const parts = [
    subject === actor ? '' : subject,
    client === undefined ? '' : `client ${client}`,
    session ?? '',
  ]
  return parts.filter((part) => part !== '').join(' ')
}

async function verify(context: Context): Promise<ExitCode> {
  const { output } = context
  const { checked, faults, first, last } = await verifyAll(await context.operator())
  const isIntact = faults.length === 0
  output.answer({ intact: isIntact, first, last, checked, faults }, () => {
    if (isIntact)
      output.line(output.tone('green', `✔ ${counted(checked, 'record')}, each chained to the one before it`))
    else output.line(output.tone('red', `✘ the trail is not what it was: ${counted(faults.length, 'fault')}`))
    for (const { position, fault } of faults) output.line(`  ${safeText(`${position}  ${fault}`)}`)
    if (!isIntact) output.note('services/session/README.md says what the faults mean.')
  })
  return isIntact ? EXIT.done : EXIT.foundWrong
}

async function verifyAll(operator: Operator) {
  let checked = 0
  const faults = new Map<string, { readonly position: string; readonly fault: string }>()
  const seen = new Set<string>()
  for (let cursor: string | undefined; ;) {
    const call = { method: 'GET', path: '/v1/audit/verify', query: { cursor } } as const
    const { body } = await operator.for(AuditVerificationAnswer, call)
    checked += body.checked
    // Faults of the anchors are found by every page.
    for (const fault of body.faults) faults.set(`${fault.position} ${fault.fault}`, fault)
    const { first, last, next } = body
    if (next === null || seen.has(next)) return { checked, faults: [...faults.values()], first, last }
    seen.add(next)
    cursor = next
  }
}
