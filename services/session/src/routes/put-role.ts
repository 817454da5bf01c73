/** ④ `PUT /v1/tenants/{tenant}/roles/{role}`: redefines a role for everyone who has it, with one entry in the log. */
import { PermissionsSchema, type LogEntryOf, type Position } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { keptText } from '../domain/audit-record.ts'
import type { AuditTrail } from '../domain/audit-trail.ts'
import type { LogView } from '../domain/log-view.ts'
import { reaches } from '../domain/operator.ts'
import { GRANTS, mayHandOut } from '../domain/permissions.ts'
import { recordLatest, type RecordPorts } from '../domain/record-fact.ts'
import { changeText, effectText } from '../domain/security-events.ts'
import { Unavailable } from '../errors.ts'
import type { Clock, Reports } from '../ports.ts'
import { answerEffect } from './effect-answer.ts'
import { effectJson, statusOf } from './effect.ts'
import { entryHead } from './entry-head.ts'
import { ReasonSchema, RoleParams } from './fields.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { addsTo, requireRecordable } from './recordable.ts'
import { effectAnswers, roleMembers } from './shapes.ts'

const BodySchema = Type.Object(
  { permissions: PermissionsSchema, reason: Type.Optional(ReasonSchema) },
  { additionalProperties: false },
)

export interface ChangePorts extends RecordPorts {
  readonly view: LogView
  readonly clock: Clock
  readonly reports: Reports
  readonly audit: Pick<AuditTrail, 'settled' | 'canRecord'>
}

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
    if (!mayHandOut(operator.permissions, permissions))
      throw guard.refusal(
        request,
        'may-not-hand-out',
        new Problem('forbidden', 'only who holds a permission over Curfew may put it into a role'),
      )

    guard.requireReason(reason)
    const { actor } = operator
    const entry: LogEntryOf<'role-changed'> = {
      ...entryHead('role', actor, startedAtMs),
      type: 'role-changed',
      tenant,
      role,
      permissions,
      ...(reason !== undefined && { reason: keptText(reason) }),
    }
    const before = ports.view.wide.role(tenant, role)?.permissions ?? []
    if (addsTo(before, permissions)) await requireRecordable(ports.audit)
    return answerEffect(ports, { request, reply, startedAtMs }, async (onlooker) => {
      const watch = onlooker && ((position: Position) => onlooker({ permissions, position }))
      const outcome = await recordLatest(ports, entry, { watch })
      if (outcome.kind === 'conflict') throw new Unavailable('contended')
      const effect = effectJson(outcome, startedAtMs, ports.clock.nowMs())
      ports.reports.roleChanged({
        tenant,
        role,
        actor,
        reason,
        state: effect.state,
        requestId: request.id,
        change: changeText(before, permissions),
        effect: effectText(effect),
      })
      const position = outcome.kind === 'unknown' ? null : outcome.position
      return { status: statusOf(effect), body: { permissions, position, ...effect } }
    })
  })
}
