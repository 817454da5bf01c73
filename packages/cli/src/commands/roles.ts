/** `curfew roles ls` and `set`: what everyone may do who has a role. */
import { Type, type Static } from 'typebox'

import { EffectAnswer, RolesAnswer } from '../api/answers.ts'
import { segment } from '../api/http.ts'
import type { Context } from '../context.ts'
import { EXIT, type ExitCode } from '../exit-codes.ts'
import {
  countArgument,
  permissionsArgument,
  reasonArgument,
  roleArgument,
  tenantArgument,
} from './arguments.ts'
import { change } from './change.ts'
import { exitFor, showEffect } from './effects.ts'
import { collectPages } from './paging.ts'
import type { Perform, Program } from './perform.ts'

const LIMIT = 100

export function addRoles(program: Program, perform: Perform): void {
  const roles = program.command('roles').description('what roles of a tenant stand for')
  roles
    .command('ls')
    .description('list them')
    .argument('<tenant>', 'the tenant', tenantArgument)
    .option('--limit <count>', 'at most so many', countArgument, LIMIT)
    .action((tenant, { limit }, command) =>
      perform(command.optsWithGlobals(), (context) => list(context, tenant, limit)),
    )
  roles
    .command('set')
    .description('give everyone who has the role exactly these permissions')
    .argument('<tenant>', 'the tenant', tenantArgument)
    .argument('<role>', 'the role', roleArgument)
    .option(
      '--permission <permission>',
      'a permission; may be repeated; none takes all away',
      permissionsArgument,
    )
    .option('--reason <text>', 'why, for those who read the audit trail', reasonArgument)
    .action((tenant, role, { permission: permissions = [], reason }, command) =>
      perform(command.optsWithGlobals(), (context) => set(context, { tenant, role, permissions, reason })),
    )
}

async function list(context: Context, tenant: string, limit: number): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const page = await collectPages<Static<typeof RolesAnswer>['roles'][number]>(limit, async (cursor) => {
    const { body } = await operator.for(RolesAnswer, {
      method: 'GET',
      path: '/v1/roles',
      query: { tenant, cursor },
    })
    return { items: body.roles, next: body.next_cursor }
  })
  output.answer({ roles: page.items, more: page.hasMore }, () => {
    output.table(
      page.items,
      [
        { title: 'ROLE', of: ({ role }) => role },
        { title: 'PERMISSIONS', of: ({ permissions }) => permissions.join(' ') },
      ],
      'No role has been defined.',
    )
    if (page.hasMore) output.note(`There are more: --limit shows more than ${limit}.`)
  })
  return EXIT.done
}

const ChangedRole = Type.Intersect([
  Type.Object({ permissions: Type.Array(Type.String()), position: Type.Union([Type.String(), Type.Null()]) }),
  EffectAnswer,
])

interface RoleChange {
  readonly tenant: string
  readonly role: string
  readonly permissions: readonly string[]
  readonly reason: string | undefined
}

async function set(context: Context, { tenant, role, permissions, reason }: RoleChange): Promise<ExitCode> {
  const { output } = context
  const operator = await context.operator()
  const path = `/v1/tenants/${segment(tenant)}/roles/${segment(role)}`
  const json = { permissions, ...(reason !== undefined && { reason }) }
  const body = await change(context, operator, ChangedRole, { method: 'PUT', path, json })
  output.answer(body, () => {
    output.fields({ role: `${tenant}/${role}`, permissions: body.permissions.join(' ') || 'none' })
    showEffect(output, body)
  })
  return exitFor(body)
}
