/**
 * ④ `GET /v1/subjects?tenant=&q=`: users by the beginning of their name, with what they hold.
 * Promise: those who have, or lately had, sessions, and those whom the log has given roles, permissions or a suspension; no list
 * is gone through to find them.
 */
import { subjectKey, TenantIdSchema, UserIdPrefixSchema } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { READ } from '../../domain/log/permissions.ts'
import { reaches } from '../../domain/operators/operator.ts'
import { lookUpSubjects, type LookUpPorts } from '../../domain/sessions/look-up.ts'
import type { Directory } from '../../domain/sessions/ports.ts'
import { namesAfter, PageQuery, pageOf } from '../shared/named-pages.ts'
import { listShape, SubjectShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

const QuerySchema = Type.Object(
  {
    tenant: Type.Optional(TenantIdSchema),
    q: Type.Optional(UserIdPrefixSchema),
    ...PageQuery,
  },
  { additionalProperties: false },
)

export interface SubjectsPorts extends LookUpPorts {
  readonly directory: Directory
}

export function getSubjects(app: CurfewServer, ports: SubjectsPorts, guard: OperatorGuard): void {
  const schema = {
    querystring: QuerySchema,
    ...described({
      summary: 'Users with sessions, grants or a suspension, by the beginning of their name',
      answers: { 200: listShape('subjects', SubjectShape) },
    }),
  }
  app.get('/v1/subjects', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const operator = guard.operatorOf(request)
    const { tenant = operator.tenant, q: prefix = '' } = request.query
    const asked = namesAfter(request.query)
    if (!reaches(operator, tenant)) throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
    const { page, next_cursor } = pageOf(
      await ports.directory.users(tenant, { ...asked, prefix }),
      request.query,
    )
    const facts = await lookUpSubjects(
      ports,
      page.map((user) => subjectKey(tenant, user)),
    )
    const subjects = page.map((user, index) => ({
      tenant,
      user,
      roles: facts[index]?.grants?.roles ?? [],
      permissions: facts[index]?.grants?.permissions ?? [],
      suspended: facts[index]?.suspension?.suspended === true,
    }))
    return { subjects, next_cursor }
  })
}
