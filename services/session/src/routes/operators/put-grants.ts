/**
 * ④ `PUT /v1/subjects/{tenant}/{user}/grants`: what a subject may do from now on, in live sessions too.
 * Promise: with a condition, the change goes through only on what the operator has seen; nobody raises themselves, and nobody
 * strips an operator who holds more. The log is asked what there is, not Redis.
 */
import {
  PermissionsSchema,
  RolesSchema,
  subjectKey,
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
import type { Grants } from '../../domain/log/facts.ts'
import { isEntryTooLarge, isSubjectTooLarge } from '../../domain/log/permission-bounds.ts'
import { effectivePermissions, GRANTS } from '../../domain/log/permissions.ts'
import { Unavailable } from '../../domain/log/unavailable.ts'
import type { ActPorts, Touched } from '../../domain/operators/act-on-operators.ts'
import { changeText, effectText } from '../../domain/operators/change-text.ts'
import { isSelf, reaches, type Operator } from '../../domain/operators/operator.ts'
import { ConditionHeaders, etagOf, expectedPosition } from '../shared/conditions.ts'
import { answerEffect } from '../shared/effect-answer.ts'
import { effectJson, statusOf } from '../shared/effect.ts'
import { ReasonSchema, SubjectParams } from '../shared/fields.ts'
import { effectAnswers, grantsMembers } from '../shared/shapes.ts'
import { changeHead } from './change-head.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { recordAct } from './record-act.ts'
import { addsTo, requireRecordable } from './recordable.ts'

const BodySchema = Type.Object(
  { roles: RolesSchema, permissions: PermissionsSchema, reason: Type.Optional(ReasonSchema) },
  { additionalProperties: false },
)

const NOTHING: Pick<Grants, 'roles' | 'permissions'> = { roles: [], permissions: [] }

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
      ...changeHead('grants', actor, startedAtMs),
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
        const held = grants ?? NOTHING
        had = [...held.roles, ...held.permissions]
        const before = effectivePermissions(tenant, grants, ports.view.wide)
        const after = effectivePermissions(tenant, { roles, permissions }, ports.view.wide)
        await requireGrantable(ports, { held, wanted: { tenant, roles, permissions }, after })
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

interface Granting {
  readonly held: Pick<Grants, 'roles' | 'permissions'>
  readonly wanted: Pick<LogEntryOf<'grants-changed'>, 'tenant' | 'roles' | 'permissions'>
  readonly after: readonly Permission[]
}

/** @throws Problem for what may not be added; whatever only takes away passes. */
async function requireGrantable(ports: GrantsPorts, { held, wanted, after }: Granting): Promise<void> {
  const { tenant, roles, permissions } = wanted
  // Apart: a role and a permission may have one name.
  if (!addsTo(held.roles, roles) && !addsTo(held.permissions, permissions)) return
  if (isEntryTooLarge(permissions) || isSubjectTooLarge(after)) throw new Problem('permissions-too-large')
  const added = roles.filter((role) => !held.roles.includes(role))
  await requireDefined(ports, tenant, added)
  await requireRecordable(ports.audit)
}

/**
 * A role granted beforehand would give its holder, unseen, whatever the operator who defines it later puts into it.
 * @throws Problem
 */
async function requireDefined(
  { log, view }: GrantsPorts,
  tenant: TenantId,
  roles: readonly RoleName[],
): Promise<void> {
  const firstUndefined = (): RoleName | undefined =>
    roles.find((role) => view.wide.role(tenant, role) === undefined)
  if (firstUndefined() === undefined) return
  // Another replica may have defined it a moment ago.
  if (!(await log.catchUp())) throw new Unavailable('log-not-followed')
  const role = firstUndefined()
  if (role !== undefined) throw new Problem('conflict', `the tenant has no role ${role}: define it first`)
}
