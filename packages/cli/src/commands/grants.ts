/**
 * `curfew grants`: what a subject may do, in live sessions too.
 * Promise: a change rests on what was read before it; where somebody else changed it meanwhile, it is read again, so that
 * nobody's change is lost.
 */
import type { ProblemCode } from '@curfew/contracts'
import { Type, type Static } from 'typebox'

import type { Operator } from '../account/operator.ts'
import { EffectAnswer, GrantsAnswer, SubjectsAnswer } from '../api/answers.ts'
import { Refusal } from '../api/http.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import { usage } from '../failure.ts'
import type { Column, Output } from '../terminal/output.ts'
import { positionText } from '../terminal/positions.ts'
import {
  countArgument,
  grantsPath,
  permissionsArgument,
  reasonArgument,
  rolesArgument,
  subjectArgument,
  tenantArgument,
  type SubjectArgument,
} from './arguments.ts'
import { change } from './change.ts'
import { exitFor, showEffect } from './effects.ts'
import { collectPages } from './paging.ts'
import type { Perform, Program } from './perform.ts'

interface Named {
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
}

interface Edit {
  readonly verb: string
  readonly description: string
  readonly apply: (before: Named, named: Named) => Named
}

const EDITS: readonly Edit[] = [
  {
    verb: 'set',
    description: 'give exactly these; none of what is not named remains',
    apply: (_before, named) => named,
  },
  {
    verb: 'add',
    description: 'give these as well',
    apply: (before, named) => ({
      roles: [...new Set([...before.roles, ...named.roles])],
      permissions: [...new Set([...before.permissions, ...named.permissions])],
    }),
  },
  {
    verb: 'remove',
    description: 'take these away',
    apply: (before, named) => ({
      roles: before.roles.filter((role) => !named.roles.includes(role)),
      permissions: before.permissions.filter((permission) => !named.permissions.includes(permission)),
    }),
  },
]

export function addGrants(program: Program, perform: Perform): void {
  const grants = program.command('grants').description('roles and permissions of a user')
  grants
    .command('get')
    .description('show them')
    .argument('<user>', 'TENANT/USER', subjectArgument)
    .action((subject, _options, command) =>
      perform(command.optsWithGlobals(), (context) => get(context, subject)),
    )
  grants
    .command('ls')
    .description('the users of a tenant, by name, and what each has been given')
    .argument('<tenant>', 'the tenant', tenantArgument)
    .option('--prefix <text>', 'only those whose name begins so')
    .option('--limit <count>', 'at most so many', countArgument, LIMIT)
    .action((tenant, options, command) =>
      perform(command.optsWithGlobals(), (context) => list(context, tenant, options)),
    )
  for (const edit of EDITS)
    grants
      .command(edit.verb)
      .description(edit.description)
      .argument('<user>', 'TENANT/USER', subjectArgument)
      .option('--role <role>', 'a role; may be repeated', rolesArgument)
      .option('--permission <permission>', 'a permission; may be repeated', permissionsArgument)
      .option('--reason <text>', 'why, for those who read the audit trail', reasonArgument)
      .action((subject, { role: roles = [], permission: permissions = [], reason }, command) =>
        perform(command.optsWithGlobals(), async (context) => {
          // `set` alone means something without: nothing at all.
          if (roles.length + permissions.length === 0 && edit.verb !== 'set')
            throw usage('Say what: --role or --permission, as often as needed.')
          return changeGrants(context, subject, { edit, named: { roles, permissions }, reason })
        }),
      )
}

async function get(context: Context, subject: SubjectArgument): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const { body } = await operator.for(GrantsAnswer, { method: 'GET', path: grantsPath(subject) })
  output.answer(body, () => {
    showNamed(output, body)
    output.fields({ since: positionText(body.position) })
  })
  return EXIT.done
}

interface Listing {
  readonly prefix?: string | undefined
  readonly limit: number
}
type Subject = Static<typeof SubjectsAnswer>['subjects'][number]
const LIMIT = 50

async function list(context: Context, tenant: string, { prefix: q, limit }: Listing): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const page = await collectPages<Subject>(limit, async (cursor) => {
    const call = { method: 'GET', path: '/v1/subjects', query: { tenant, q, cursor } } as const
    const { body } = await operator.for(SubjectsAnswer, call)
    return { items: body.subjects, next: body.next_cursor }
  })
  output.answer({ subjects: page.items, more: page.hasMore }, () => {
    output.table(
      page.items,
      COLUMNS,
      'No user is known: nobody has sessions, and nobody has been given anything.',
    )
    if (page.hasMore) output.note(`There are more: --limit shows more than ${limit}.`)
  })
  return EXIT.done
}

const COLUMNS: readonly Column<Subject>[] = [
  { title: 'USER', of: ({ tenant, user }) => `${tenant}/${user}` },
  { title: 'ROLES', of: ({ roles }) => roles.join(' ') },
  { title: 'PERMISSIONS', of: ({ permissions }) => permissions.join(' ') },
  { title: '', of: ({ suspended }) => (suspended ? 'suspended' : ''), tone: () => 'yellow' },
]

interface Change {
  readonly edit: Edit
  readonly named: Named
  readonly reason: string | undefined
}

const ChangedGrants = Type.Intersect([GrantsAnswer, EffectAnswer])
const MAX_ATTEMPTS = 5

async function changeGrants(context: Context, subject: SubjectArgument, asked: Change): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const changed = await readModifyWrite(context, operator, { path: grantsPath(subject), ...asked })
  output.answer(changed, () => {
    showNamed(output, changed)
    showEffect(output, changed)
  })
  return exitFor(changed)
}

/** Written even where nothing would change: the answer is what says that it holds everywhere. */
async function readModifyWrite(
  context: Context,
  operator: Operator,
  { path, edit, named, reason }: Change & { readonly path: string },
): Promise<Static<typeof ChangedGrants>> {
  for (let attempt = 1; ; attempt += 1) {
    const { grants, condition } = await read(operator, path)
    const json = { ...edit.apply(grants, named), ...(reason !== undefined && { reason }) }
    try {
      const call = { method: 'PUT', path, json, headers: condition } as const
      return await change(context, operator, ChangedGrants, call)
    } catch (error) {
      if (!isRefusal(error, 'precondition-failed') || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

async function read(
  operator: Operator,
  path: string,
): Promise<{ readonly grants: Named; readonly condition: Readonly<Record<string, string>> }> {
  try {
    const { body, headers } = await operator.for(GrantsAnswer, { method: 'GET', path })
    const { roles, permissions } = body
    const etag = headers.get('etag')
    return { grants: { roles, permissions }, condition: etag === null ? {} : { 'if-match': etag } }
  } catch (error) {
    if (!isRefusal(error, 'not-found')) throw error
    return { grants: { roles: [], permissions: [] }, condition: { 'if-none-match': '*' } }
  }
}

function isRefusal(error: unknown, code: ProblemCode): boolean {
  return error instanceof Refusal && error.code === code
}

function showNamed(output: Output, { roles, permissions }: Named): void {
  output.fields({
    roles: roles.length === 0 ? 'none' : roles.join(' '),
    permissions: permissions.length === 0 ? 'none' : permissions.join(' '),
  })
}
