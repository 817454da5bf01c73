/** ④ `GET /v1/revocations`: the history, newest first, as far as the operator may see it. */
import type { Position } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { READ } from '../../domain/log/permissions.ts'
import { listRevocations } from '../../domain/revocations/list-revocations.ts'
import type { RevocationHistory } from '../../domain/revocations/ports.ts'
import { formatCursor, parseCursor } from '../../domain/sessions/cursors.ts'
import { CursorSchema } from '../shared/fields.ts'
import { revocationJson } from '../shared/revocation-json.ts'
import { listShape, RevocationShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

const QuerySchema = Type.Object({ cursor: Type.Optional(CursorSchema) }, { additionalProperties: false })

export function getRevocations(app: CurfewServer, history: RevocationHistory, guard: OperatorGuard): void {
  const schema = {
    querystring: QuerySchema,
    ...described({
      summary: 'The history of revocations, newest first',
      answers: { 200: listShape('revocations', RevocationShape) },
    }),
  }
  app.get('/v1/revocations', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const before = positionIn(request.query.cursor)
    const { revocations, next } = await guard.heavyRead(request, () =>
      listRevocations(history, guard.operatorOf(request), before),
    )
    return {
      revocations: revocations.map((revocation) => revocationJson(revocation, revocation.position)),
      next_cursor: next === undefined ? null : formatCursor('position', next),
    }
  })
}

function positionIn(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined
  const position = parseCursor('position', cursor)
  if (position === undefined)
    throw new Problem('bad-request', 'query parameter "cursor" is not one of this list')
  return position as Position
}
