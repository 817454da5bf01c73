/** `curfew roles set`: what everyone may do who has a role. */
import { Type } from 'typebox'

import { EffectAnswer } from '../api/answers.ts'
import { segment } from '../api/http.ts'
import type { Context } from '../context.ts'
import type { ExitCode } from '../exit-codes.ts'
import { permissionsArgument, reasonArgument, roleArgument, tenantArgument } from './arguments.ts'
import { change } from './change.ts'
import { exitFor, showEffect } from './effects.ts'
import type { Perform, Program } from './perform.ts'

export function addRoles(program: Program, perform: Perform): void {
  const roles = program.command('roles').description('what roles of a tenant stand for')
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
