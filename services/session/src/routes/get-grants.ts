/** ④ `GET /v1/subjects/{tenant}/{user}/grants`: what the log last said; the ETag is the position where it did. */
import { subjectKey } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { lookUpSubject, type LookUpPorts } from '../domain/look-up.ts'
import { reaches } from '../domain/operator.ts'
import { READ } from '../domain/permissions.ts'
import { etagOf } from './conditions.ts'
import { SubjectParams } from './fields.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { GrantsShape } from './shapes.ts'

export function getGrants(app: CurfewServer, ports: LookUpPorts, guard: OperatorGuard): void {
  const schema = {
    params: SubjectParams,
    ...described({
      summary: 'What a subject may do; the ETag is its version',
      answers: { 200: GrantsShape },
    }),
  }
  const path = '/v1/subjects/:tenant/:user/grants'
  app.get(path, { schema, onRequest: guard.requires(READ) }, async (request, reply) => {
    const { tenant, user } = request.params
    if (!reaches(guard.operatorOf(request), tenant))
      throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
    const { grants } = await lookUpSubject(ports, subjectKey(tenant, user))
    if (grants === undefined) throw new Problem('not-found')
    const { roles, permissions, position } = grants
    void reply.header('etag', etagOf(position))
    return { roles, permissions, position }
  })
}
