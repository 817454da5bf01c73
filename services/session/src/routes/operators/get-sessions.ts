/** ④ `GET /v1/sessions`: live sessions, filtered and paged; never a token. */
import { ClientIdSchema, TenantIdSchema, UserIdSchema } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { jsonBytes } from '../../domain/log/permission-bounds.ts'
import { READ } from '../../domain/log/permissions.ts'
import type { Operator } from '../../domain/operators/operator.ts'
import { formatCursor, parseCursor } from '../../domain/sessions/cursors.ts'
import { cursorKindOf, findSessions, type SessionFilter } from '../../domain/sessions/list-sessions.ts'
import type { LookUpPorts } from '../../domain/sessions/look-up.ts'
import { CursorSchema } from '../shared/fields.ts'
import { operatedSessionJson } from '../shared/session-json.ts'
import { listShape, SessionShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

const QuerySchema = Type.Object(
  {
    tenant: Type.Optional(TenantIdSchema),
    user: Type.Optional(UserIdSchema),
    client: Type.Optional(ClientIdSchema),
    cursor: Type.Optional(CursorSchema),
  },
  { additionalProperties: false },
)

export function getSessions(app: CurfewServer, ports: LookUpPorts, guard: OperatorGuard): void {
  const schema = {
    querystring: QuerySchema,
    ...described({
      summary: 'Live sessions; a page without any that has a next cursor says that none was found so far',
      answers: { 200: listShape('sessions', SessionShape) },
    }),
  }
  app.get('/v1/sessions', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const { cursor, ...asked } = request.query
    const operator = guard.operatorOf(request)
    const filter = withinReach(asked, operator)
    if (filter.user !== undefined && filter.tenant === undefined)
      throw new Problem('bad-request', 'query parameter "user" needs "tenant"')
    const kind = cursorKindOf(filter)
    const after = cursor === undefined ? undefined : parseCursor(kind, cursor)
    if (cursor !== undefined && after === undefined)
      throw new Problem('bad-request', 'query parameter "cursor" is not one of this list')
    // The list of another tenant looks like that of one without sessions.
    if (asked.tenant !== undefined && filter.tenant !== asked.tenant)
      return { sessions: [], next_cursor: null }

    const { sessions, next } = await guard.heavyRead(request, () =>
      findSessions(ports, filter, {
        cursor: after,
        bytesOf: (listed) => jsonBytes(operatedSessionJson(listed, ports.view.wide)),
      }),
    )
    return {
      sessions: sessions.map((listed) => ({
        ...operatedSessionJson(listed, ports.view.wide),
        ...(listed.session.id === operator.sessionId && { current: true }),
      })),
      next_cursor: next === undefined ? null : formatCursor(kind, next),
    }
  })
}

function withinReach(asked: SessionFilter, operator: Operator): SessionFilter {
  return operator.isAdministrative ? asked : { ...asked, tenant: operator.tenant }
}
