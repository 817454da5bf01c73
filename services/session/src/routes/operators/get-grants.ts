/** ④ `GET /v1/subjects/{tenant}/{user}/grants`: what the log last said; the ETag is the position where it did. */
import { subjectKey } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { READ } from '../../domain/log/permissions.ts'
import { reaches } from '../../domain/operators/operator.ts'
import { lookUpSubject, type LookUpPorts } from '../../domain/sessions/look-up.ts'
import { etagOf } from '../shared/conditions.ts'
import { SubjectParams } from '../shared/fields.ts'
import { GrantsShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

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
