/** `curfew sessions ls` and `show`: live sessions as operators may see them; never a token. */
import { SessionAnswer, SessionsAnswer, type Session } from '../api/answers.ts'
import { segment } from '../api/http.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { usage } from '../failure.ts'
import type { Column } from '../terminal/output.ts'
import { clockText } from '../terminal/times.ts'
import {
  clientArgument,
  countArgument,
  sessionArgument,
  subjectArgument,
  tenantArgument,
  type SubjectArgument,
} from './arguments.ts'
import { collectPages } from './paging.ts'
import type { Perform, Program } from './perform.ts'
import { showSession } from './whoami.ts'

interface Filter {
  readonly tenant?: string | undefined
  readonly user?: SubjectArgument | undefined
  readonly client?: string | undefined
  readonly limit: number
}

const LIMIT = 50

export function addSessions(program: Program, perform: Perform): void {
  const sessions = program.command('sessions').description('live sessions')
  sessions
    .command('ls')
    .description('list them')
    .option('--tenant <tenant>', 'of this tenant', tenantArgument)
    .option('--user <tenant/user>', 'of this user', subjectArgument)
    .option('--client <client>', 'begun with this client application', clientArgument)
    .option('--limit <count>', 'at most so many', countArgument, LIMIT)
    .action((options, command) => perform(command.optsWithGlobals(), (context) => list(context, options)))
  sessions
    .command('show')
    .description('show one')
    .argument('<session>', 'its id', sessionArgument)
    .action((id, _options, command) => perform(command.optsWithGlobals(), (context) => show(context, id)))
}

async function list(context: Context, { tenant, user, client, limit }: Filter): Promise<ExitCode> {
  if (tenant !== undefined && user !== undefined && user.tenant !== tenant)
    throw usage('--tenant and --user name different tenants.')
  const { output } = context
  const operator = await context.operator()
  const page = await collectPages<Session>(limit, async (cursor) => {
    const query = { tenant: user?.tenant ?? tenant, user: user?.user, client, cursor }
    const { body } = await operator.for(SessionsAnswer, { method: 'GET', path: '/v1/sessions', query })
    return { items: body.sessions, next: body.next_cursor }
  })
  output.answer({ sessions: page.items, more: page.hasMore }, () => {
    output.table(page.items, COLUMNS, 'No live sessions.')
    if (page.hasMore) output.note(`There are more: --limit shows more than ${limit}.`)
  })
  return EXIT.done
}

const COLUMNS: readonly Column<Session>[] = [
  { title: 'SESSION', of: ({ id }) => id },
  {
    title: 'USER',
    of: ({ tenant, user, current }) => `${tenant}/${user}${current === true ? ' (this one)' : ''}`,
    tone: ({ current }) => (current === true ? 'cyan' : undefined),
  },
  { title: 'CLIENT', of: ({ client }) => client },
  { title: 'BEGUN', of: ({ created_at }) => clockText(created_at) },
  { title: 'ENDS WHEN IDLE', of: ({ idle_expires_at }) => clockText(idle_expires_at) },
  { title: 'FROM', of: ({ address_class, label }) => [label, address_class].filter(Boolean).join(', ') },
]

async function show(context: Context, id: string): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const path = `/v1/sessions/${segment(id)}`
  const { session } = (await operator.for(SessionAnswer, { method: 'GET', path })).body
  output.answer({ session }, () => {
    const { tenant, user, client, acr, amr, created_at, label, address_class } = session
    output.fields({
      user: `${tenant}/${user}`,
      client,
      level: `${acr} (${amr.join(', ')})`,
      begun: clockText(created_at),
      device: label,
      network: address_class,
    })
    showSession(output, session)
  })
  return EXIT.done
}
