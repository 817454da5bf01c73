/**
 * ④ `GET /v1/tenants`: the tenants that have, or lately had, sessions or that the log has spoken about; an operator of one
 * tenant is shown that one.
 */
import type { TenantId } from '@curfew/contracts'
import { type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import type { LogView } from '../../domain/log/log-view.ts'
import { READ } from '../../domain/log/permissions.ts'
import type { Directory } from '../../domain/sessions/ports.ts'
import { namesAfter, PageQuery, pageOf } from '../shared/named-pages.ts'
import { listShape, TenantShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

const QuerySchema = Type.Object(PageQuery, { additionalProperties: false })

export interface TenantsPorts {
  readonly directory: Directory
  readonly view: LogView
}

export function getTenants(app: CurfewServer, { directory, view }: TenantsPorts, guard: OperatorGuard): void {
  const schema = {
    querystring: QuerySchema,
    ...described({
      summary: 'Tenants with sessions, roles, grants or a suspension, by name',
      answers: { 200: listShape('tenants', TenantShape) },
    }),
  }
  app.get('/v1/tenants', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const operator = guard.operatorOf(request)
    const asked = namesAfter(request.query)
    const own = asked.after === undefined ? [operator.tenant] : []
    const names = operator.isAdministrative ? await directory.tenants(asked) : own
    const { page, next_cursor } = pageOf(names, request.query)
    const tenants = page.map((tenant: TenantId) => ({
      tenant,
      suspended: view.wide.tenantSuspension(tenant)?.suspended === true,
    }))
    return { tenants, next_cursor }
  })
}
