/** ④ `GET /v1/roles?tenant=`: the roles of one tenant with what they permit, as the log last defined them. */
import { TenantIdSchema } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import type { LogView } from '../../domain/log/log-view.ts'
import { READ } from '../../domain/log/permissions.ts'
import { Unavailable } from '../../domain/log/unavailable.ts'
import { reaches } from '../../domain/operators/operator.ts'
import { namesAfter, PageQuery, pageOf } from '../shared/named-pages.ts'
import { listShape, RoleShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

const QuerySchema = Type.Object(
  { tenant: Type.Optional(TenantIdSchema), ...PageQuery },
  { additionalProperties: false },
)

export function getRoles(app: CurfewServer, view: LogView, guard: OperatorGuard): void {
  const schema = {
    querystring: QuerySchema,
    ...described({ summary: 'The roles of one tenant', answers: { 200: listShape('roles', RoleShape) } }),
  }
  app.get('/v1/roles', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const operator = guard.operatorOf(request)
    const { tenant = operator.tenant } = request.query
    const { after = '', limit } = namesAfter(request.query)
    if (!reaches(operator, tenant)) throw guard.refusal(request, 'out-of-reach', new Problem('not-found'))
    if (!view.complete) throw new Unavailable('view-incomplete')
    const roles = new Map(view.wide.rolesOf(tenant).map((role) => [role.role, role]))
    const names = [...roles.keys()].filter((role) => role > after).slice(0, limit)
    const { page, next_cursor } = pageOf(names, request.query)
    const shown = page.flatMap((name) => {
      const found = roles.get(name)
      return found === undefined
        ? []
        : [{ tenant, role: name, permissions: found.permissions, position: found.position }]
    })
    return { roles: shown, next_cursor }
  })
}
