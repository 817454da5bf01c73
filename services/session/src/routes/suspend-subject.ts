/** ④ `POST /v1/subjects/{tenant}/{user}/suspend` and `/resume`: no sessions, and none can be created, until resumed. */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { reaches } from '../domain/operator.ts'
import { REVOKE } from '../domain/permissions.ts'
import { changeSuspension, SuspensionBody } from './change-suspension.ts'
import { SubjectParams } from './fields.ts'
import type { OperatorGuard } from './operator-guard.ts'
import type { ChangePorts } from './put-role.ts'
import { effectAnswers, suspensionMembers } from './shapes.ts'

export function suspendSubject(app: CurfewServer, ports: ChangePorts, guard: OperatorGuard): void {
  const schema = {
    params: SubjectParams,
    body: SuspensionBody,
    ...described({
      summary: 'Ends the sessions of a user and lets none begin, until resumed',
      answers: effectAnswers(suspensionMembers),
    }),
  }
  for (const verb of ['suspend', 'resume'] as const)
    app.post(
      `/v1/subjects/:tenant/:user/${verb}`,
      { schema, onRequest: guard.requires(REVOKE) },
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
