/**
 * ④ `PUT /v1/tenants/{tenant}/roles/{role}`: redefines a role for everyone who has it, with one entry in the log, after a
 * recent authentication.
 */
import {
  MAX_TENANT_ROLES,
  PermissionsSchema,
  type LogEntryOf,
  type Permission,
  type Position,
  type RoleName,
  type TenantId,
} from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { keptText } from '../../domain/audit/audit-record.ts'
import type { AuditTrail } from '../../domain/audit/audit-trail.ts'
import { isEntryTooLarge } from '../../domain/log/permission-bounds.ts'
import { effectivePermissions, GRANTS } from '../../domain/log/permissions.ts'
import { Unavailable } from '../../domain/log/unavailable.ts'
import type { ActPorts, Touched } from '../../domain/operators/act-on-operators.ts'
import { changeText, effectText } from '../../domain/operators/change-text.ts'
import { reaches, type Operator } from '../../domain/operators/operator.ts'
import { answerEffect } from '../shared/effect-answer.ts'
import { effectJson, statusOf } from '../shared/effect.ts'
import { ReasonSchema, RoleParams } from '../shared/fields.ts'
import { effectAnswers, roleMembers } from '../shared/shapes.ts'
import { changeHead } from './change-head.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { recordAct } from './record-act.ts'
import { addsTo, requireRecordable } from './recordable.ts'

const BodySchema = Type.Object(
  { permissions: PermissionsSchema, reason: Type.Optional(ReasonSchema) },
  { additionalProperties: false },
)

export type ChangePorts = ActPorts & { readonly audit: Pick<AuditTrail, 'settled' | 'canRecord'> }

/** The log names the entry before this replica's reader has got to it. */
const CAUGHT_UP_WITHIN_MS = 1_000

export function putRole(app: CurfewServer, ports: ChangePorts, guard: OperatorGuard): void {
  const schema = {
    params: RoleParams,
    body: BodySchema,
    ...described({
      summary: 'What everyone who has the role may do from now on',
      answers: effectAnswers(roleMembers),
    }),
  }
  const path = '/v1/tenants/:tenant/roles/:role'
  app.put(path, { schema, onRequest: guard.requires(GRANTS) }, async (request, reply) => {
    const startedAtMs = ports.clock.nowMs()
    const { tenant, role } = request.params
    const { permissions, reason } = request.body
    const operator = guard.operatorOf(request)
    if (!reaches(operator, tenant)) throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
    // It reaches everybody who has the role.
    guard.requireRecent(request)
    guard.requireReason(reason)
    const { actor } = operator
    const entry: LogEntryOf<'role-changed'> = {
      ...changeHead('role', actor, startedAtMs),
      type: 'role-changed',
      tenant,
      role,
      permissions,
      ...(reason !== undefined && { reason: keptText(reason) }),
    }
    let had: readonly Permission[] = []
    const look = async (by: Operator): Promise<Touched> => {
      const last = await ports.log.lastPositionOf(entry)
      if (!(await ports.log.waitFor(last, CAUGHT_UP_WITHIN_MS))) throw new Unavailable('log-not-followed')
      const { wide } = ports.view
      const known = wide.role(tenant, role)
      if (known === undefined && wide.rolesOf(tenant).length >= MAX_TENANT_ROLES)
        throw new Problem('permissions-too-large', `a tenant has ${MAX_TENANT_ROLES} roles at most`)
      had = known?.permissions ?? []
      if (addsTo(had, permissions)) {
        if (isEntryTooLarge(permissions)) throw new Problem('permissions-too-large')
        await requireRecordable(ports.audit)
      }
      const changed = {
        role: (of: TenantId, name: RoleName) =>
          of === tenant && name === role ? { permissions } : wide.role(of, name),
      }
      const ownAfter = effectivePermissions(by.tenant, by.known.subject.grants, changed)
      return { before: had, after: permissions, ownAfter, last }
    }
    return answerEffect(ports, { request, reply, startedAtMs }, async (onlooker) => {
      const watch = onlooker && ((position: Position) => onlooker({ permissions, position }))
      const outcome = await recordAct(ports, { guard, request }, { entry, look, watch })
      const effect = effectJson(outcome, startedAtMs, ports.clock.nowMs())
      ports.reports.roleChanged({
        tenant,
        role,
        actor,
        reason,
        state: effect.state,
        requestId: request.id,
        change: changeText(had, permissions),
        effect: effectText(effect),
      })
      const position = outcome.kind === 'unknown' ? null : outcome.position
      return { status: statusOf(effect), body: { permissions, position, ...effect } }
    })
  })
}
