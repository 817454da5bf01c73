/**
 * ④ `POST /v1/subjects/{tenant}/{user}/suspend` and `/resume`: until resumed, no session of the user is admitted and none can
 * be created.
 */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { reaches } from '../domain/operator.ts'
import { REVOKE } from '../domain/permissions.ts'
import { changeSuspension, SuspensionBody } from './change-suspension.ts'
import { SubjectParams } from './fields.ts'
import type { OperatorGuard } from './operator-guard.ts'
import type { ChangePorts } from './put-role.ts'
import { effectAnswers, suspensionMembers } from './shapes.ts'

const SUMMARIES = {
  suspend:
    'Suspends a user: no session is admitted and none can begin until resumed; revoke to end them for good',
  resume: 'Lets a suspended user begin sessions again; earlier ones within their limits are admitted again',
} as const

export function suspendSubject(app: CurfewServer, ports: ChangePorts, guard: OperatorGuard): void {
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
        const { actor } = operator
        const isSuspended = verb === 'suspend'
        return changeSuspension(ports, { request, reply, actor, whom, body, isSuspended })
      },
    )
}
