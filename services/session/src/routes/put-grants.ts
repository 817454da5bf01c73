/**
 * ④ `PUT /v1/subjects/{tenant}/{user}/grants`: what a subject may do from now on, in live sessions too.
 * Promise: with a condition, the change goes through only on what the operator has seen; nobody raises himself.
 */
import {
  PermissionsSchema,
  RolesSchema,
  subjectKey,
  type LogEntryOf,
  type Position,
  type SubjectKey,
} from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { keptText } from '../domain/audit-record.ts'
import type { AuditTrail } from '../domain/audit-trail.ts'
import { lookUpSubject, type LookUpPorts } from '../domain/look-up.ts'
import { reaches } from '../domain/operator.ts'
import { effectivePermissions, GRANTS, mayHandOut } from '../domain/permissions.ts'
import { recordFact, recordLatest, type RecordPorts } from '../domain/record-fact.ts'
import { changeText, effectText } from '../domain/security-events.ts'
import { Unavailable } from '../errors.ts'
import type { Reports } from '../ports.ts'
import {
  areConditionsGiven,
  ConditionHeaders,
  etagOf,
  expectedPosition,
  type Conditions,
} from './conditions.ts'
import { answerEffect } from './effect-answer.ts'
import { effectJson, statusOf } from './effect.ts'
import { entryHead } from './entry-head.ts'
import { ReasonSchema, SubjectParams } from './fields.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { addsTo, requireRecordable } from './recordable.ts'
import { effectAnswers, grantsMembers } from './shapes.ts'

const BodySchema = Type.Object(
  { roles: RolesSchema, permissions: PermissionsSchema, reason: Type.Optional(ReasonSchema) },
  { additionalProperties: false },
)

export interface GrantsPorts extends LookUpPorts, RecordPorts {
  readonly log: LookUpPorts['log']
  readonly reports: Reports
  readonly audit: Pick<AuditTrail, 'settled' | 'canRecord'>
}

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
    const { tenant, user } = request.params
    const { roles, permissions, reason } = request.body
    const operator = guard.operatorOf(request)
    if (!reaches(operator, tenant)) throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
    const effective = effectivePermissions(tenant, { roles, permissions }, ports.view.wide)
    if (!mayHandOut(operator.permissions, effective))
      throw guard.refusal(
        request,
        'may-not-hand-out',
        new Problem('forbidden', 'only who holds a permission over Curfew may grant it'),
      )

    guard.requireReason(reason)
    const subject = subjectKey(tenant, user)
    const before = await grantsBefore(ports, subject)
    if (addsTo(before, [...roles, ...permissions])) await requireRecordable(ports.audit)
    const expectLast = await expectation(ports, subject, request.headers)
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
      const outcome =
        expectLast === undefined
          ? await recordLatest(ports, entry, { watch })
          : await recordFact(ports, entry, { expectLast, watch })
      if (outcome.kind === 'conflict')
        throw expectLast === undefined ? new Unavailable('contended') : new Problem('precondition-failed')
      const effect = effectJson(outcome, startedAtMs, ports.clock.nowMs())
      ports.reports.grantsChanged({
        subject,
        actor,
        reason,
        state: effect.state,
        requestId: request.id,
        change: changeText(before, [...roles, ...permissions]),
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

/** Undefined where it cannot be had: grants do not wait for Redis. */
async function grantsBefore(ports: GrantsPorts, subject: SubjectKey): Promise<string[] | undefined> {
  const facts = await lookUpSubject(ports, subject).catch(() => undefined)
  return facts && [...(facts.grants?.roles ?? []), ...(facts.grants?.permissions ?? [])]
}

/** Without a condition the last one wins, and Redis need not be asked. */
async function expectation(
  ports: LookUpPorts,
  subject: SubjectKey,
  conditions: Conditions,
): Promise<Position | undefined> {
  if (!areConditionsGiven(conditions)) return undefined
  const { grants } = await lookUpSubject(ports, subject)
  return expectedPosition(conditions, grants?.position)
}
