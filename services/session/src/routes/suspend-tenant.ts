/** ④ `POST /v1/tenants/{tenant}/suspend` and `/resume`: the same for a whole tenant, after a recent authentication. */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { ADMINISTRATIVE_TENANT, reaches } from '../domain/operator.ts'
import { REVOKE } from '../domain/permissions.ts'
import { changeSuspension, SuspensionBody } from './change-suspension.ts'
import { TenantParams } from './fields.ts'
import type { OperatorGuard } from './operator-guard.ts'
import type { ChangePorts } from './put-role.ts'
import { effectAnswers, suspensionMembers } from './shapes.ts'

const SUMMARIES = {
  suspend:
    'Suspends a tenant: no session in it is admitted and none can begin until resumed; revoke to end them for good',
  resume: 'Lets a suspended tenant begin sessions again; earlier ones within their limits are admitted again',
} as const

export function suspendTenant(app: CurfewServer, ports: ChangePorts, guard: OperatorGuard): void {
  for (const verb of ['suspend', 'resume'] as const)
    app.post(
      `/v1/tenants/:tenant/${verb}`,
      {
        schema: {
          params: TenantParams,
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
        guard.requireRecent(request)
        // Nobody would be left who could resume it.
        if (verb === 'suspend' && whom.tenant === ADMINISTRATIVE_TENANT)
          throw new Problem('conflict', 'the tenant of the operators cannot be suspended')
        guard.requireReason(body?.reason)
        const { actor } = operator
        const isSuspended = verb === 'suspend'
        return changeSuspension(ports, { request, reply, actor, whom, body, isSuspended })
      },
    )
}
