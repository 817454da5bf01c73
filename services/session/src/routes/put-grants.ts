/**
 * ④ `PUT /v1/subjects/{tenant}/{user}/grants`: what a subject may do from now on, in live sessions too.
 * Promise: with a condition, the change goes through only on what the operator has seen; nobody raises themselves, and nobody
 * strips an operator who holds more. The log is asked what there is, not Redis.
 */
import { PermissionsSchema, RolesSchema, subjectKey, type LogEntryOf, type Position } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import type { ActPorts, Touched } from '../domain/act-on-operators.ts'
import { keptText } from '../domain/audit-record.ts'
import type { AuditTrail } from '../domain/audit-trail.ts'
import { isEntryTooLarge, isSubjectTooLarge } from '../domain/permission-bounds.ts'
import { isSelf, reaches, type Operator } from '../domain/operator.ts'
import { effectivePermissions, GRANTS } from '../domain/permissions.ts'
import { changeText, effectText } from '../domain/security-events.ts'
import { ConditionHeaders, etagOf, expectedPosition } from './conditions.ts'
import { answerEffect } from './effect-answer.ts'
import { effectJson, statusOf } from './effect.ts'
import { entryHead } from './entry-head.ts'
import { ReasonSchema, SubjectParams } from './fields.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { recordAct } from './record-act.ts'
import { addsTo, requireRecordable } from './recordable.ts'
import { effectAnswers, grantsMembers } from './shapes.ts'

const BodySchema = Type.Object(
  { roles: RolesSchema, permissions: PermissionsSchema, reason: Type.Optional(ReasonSchema) },
  { additionalProperties: false },
)

export type GrantsPorts = ActPorts & { readonly audit: Pick<AuditTrail, 'settled' | 'canRecord'> }

export function putGrants(app: CurfewServer, ports: GrantsPorts, guard: OperatorGuard): void {
  const schema = {
    params: SubjectParams,
    body: BodySchema,
    headers: ConditionHeaders,
    ...described({
      summary: 'What a subject may do from now on, in live sessions too',
      answers: effectAnswers(grantsMembers),
    }),
  }
  const path = '/v1/subjects/:tenant/:user/grants'
  app.put(path, { schema, onRequest: guard.requires(GRANTS) }, async (request, reply) => {
    const startedAtMs = ports.clock.nowMs()
    const whom = request.params
    const { tenant, user } = whom
    const { roles, permissions, reason } = request.body
    const operator = guard.operatorOf(request)
    if (!reaches(operator, tenant)) throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
    guard.requireReason(reason)
    const { actor } = operator
    const entry: LogEntryOf<'grants-changed'> = {
      ...entryHead('grants', actor, startedAtMs),
      type: 'grants-changed',
      tenant,
      user,
      roles,
      permissions,
      ...(reason !== undefined && { reason: keptText(reason) }),
    }
    return answerEffect(ports, { request, reply, startedAtMs }, async (onlooker) => {
      const watch = onlooker && ((position: Position) => onlooker({ roles, permissions, position }))
      let had: readonly string[] = []
      const look = async (by: Operator): Promise<Touched> => {
        const grants = await ports.log.lastGrantsOf(whom)
        had = grants === undefined ? [] : [...grants.roles, ...grants.permissions]
        const before = effectivePermissions(tenant, grants, ports.view.wide)
        const after = effectivePermissions(tenant, { roles, permissions }, ports.view.wide)
        if (addsTo(had, [...roles, ...permissions])) {
          if (isEntryTooLarge(permissions) || isSubjectTooLarge(after))
            throw new Problem('permissions-too-large')
          await requireRecordable(ports.audit)
        }
        const last = expectedPosition(request.headers, grants?.position)
        return { before, after, ownAfter: isSelf(by, whom) ? after : [...by.permissions], last }
      }
      const outcome = await recordAct(ports, { guard, request }, { entry, look, watch })
      const effect = effectJson(outcome, startedAtMs, ports.clock.nowMs())
      ports.reports.grantsChanged({
        subject: subjectKey(tenant, user),
        actor,
        reason,
        state: effect.state,
        requestId: request.id,
        change: changeText(had, [...roles, ...permissions]),
        effect: effectText(effect),
      })
      const position = outcome.kind === 'unknown' ? null : outcome.position
      return {
        status: statusOf(effect),
        ...(position !== null && { headers: { etag: etagOf(position) } }),
        body: { roles, permissions, position, ...effect },
      }
    })
  })
}
