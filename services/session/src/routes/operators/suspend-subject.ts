/**
 * ④ `POST /v1/subjects/{tenant}/{user}/suspend` and `/resume`: until resumed, no session of the user is admitted and none can
 * be created.
 */
import { ADMINISTRATIVE_TENANT } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { effectivePermissions, REVOKE } from '../../domain/log/permissions.ts'
import type { Touched } from '../../domain/operators/act-on-operators.ts'
import { isSelf, reaches, type Operator } from '../../domain/operators/operator.ts'
import { SubjectParams } from '../shared/fields.ts'
import { effectAnswers, suspensionMembers } from '../shared/shapes.ts'
import {
  changeSuspension,
  suspensionEntry,
  SuspensionBody,
  type SuspensionPorts,
} from './change-suspension.ts'
import type { OperatorGuard } from './operator-guard.ts'

const SUMMARIES = {
  suspend:
    'Suspends a user: no session is admitted and none can begin until resumed; revoke to end them for good',
  resume: 'Lets a suspended user begin sessions again; earlier ones within their limits are admitted again',
} as const

export function suspendSubject(app: CurfewServer, ports: SuspensionPorts, guard: OperatorGuard): void {
  for (const verb of ['suspend', 'resume'] as const)
    app.post(
      `/v1/subjects/:tenant/:user/${verb}`,
      {
        schema: {
          params: SubjectParams,
          body: SuspensionBody,
          ...described({ summary: SUMMARIES[verb], answers: effectAnswers(suspensionMembers) }),
        },
        onRequest: guard.requires(REVOKE),
      },
      async (request, reply) => {
        const { params: whom, body } = request
        const operator = guard.operatorOf(request)
        if (!reaches(operator, whom.tenant))
          throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
        guard.requireReason(body?.reason)
        const isSuspended = verb === 'suspend'
        const startedAtMs = ports.clock.nowMs()
        const entry = suspensionEntry({ actor: operator.actor, whom, body, isSuspended }, startedAtMs)
        const touches = async (by: Operator): Promise<Omit<Touched, 'last'>> => {
          const grants = await ports.log.lastGrantsOf(whom)
          const before = effectivePermissions(whom.tenant, grants, ports.view.wide)
          const after = isSuspended ? [] : before
          return {
            before,
            after,
            ownAfter: isSelf(by, whom) ? after : [...by.permissions],
            // They may suspend the tenant with everybody in it. Otherwise it could shield its users by giving them permissions.
            mayTakeAny: isSuspended && by.isAdministrative && whom.tenant !== ADMINISTRATIVE_TENANT,
          }
        }
        return changeSuspension(ports, { request, reply, guard, startedAtMs, entry, touches })
      },
    )
}
