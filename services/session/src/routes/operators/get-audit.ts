/**
 * ④ `GET /v1/audit`, newest first, and `GET /v1/audit/verify`, oldest first.
 * Promise: an operator of one tenant sees what happened in it and cannot tell that there is more.
 */
import { ActorSchema, SessionIdSchema, TenantIdSchema, UserIdSchema } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { eventPosition, parseEventPosition } from '../../domain/audit/audit-record.ts'
import type { AuditAnchors, AuditReader } from '../../domain/audit/audit-trail.ts'
import { queryAudit, type FoundEvent } from '../../domain/audit/query-audit.ts'
import { verifyAudit } from '../../domain/audit/verify-audit.ts'
import { READ } from '../../domain/log/permissions.ts'
import type { Clock } from '../../domain/log/ports.ts'
import { Unavailable } from '../../domain/log/unavailable.ts'
import { formatCursor, parseCursor } from '../../domain/sessions/cursors.ts'
import { CursorSchema } from '../shared/fields.ts'
import { EventShape, listShape, VerificationShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

const QuerySchema = Type.Object(
  {
    tenant: Type.Optional(TenantIdSchema),
    actor: Type.Optional(ActorSchema),
    user: Type.Optional(UserIdSchema),
    session: Type.Optional(SessionIdSchema),
    type: Type.Optional(Type.String({ pattern: '^[a-z]+(?:[.-][a-z]+)*$', maxLength: 64 })),
    request_id: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    cursor: Type.Optional(CursorSchema),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
  },
  { additionalProperties: false },
)
const VerifyQuerySchema = Type.Object(
  { cursor: Type.Optional(CursorSchema) },
  { additionalProperties: false },
)

const LIMIT = 50

export interface AuditPorts {
  readonly auditReader: AuditReader
  readonly auditAnchors: AuditAnchors
  readonly clock: Clock
}

export function getAudit(app: CurfewServer, ports: AuditPorts, guard: OperatorGuard): void {
  const schema = {
    querystring: QuerySchema,
    ...described({
      summary: 'Who did what, why, with what effect',
      answers: { 200: listShape('events', EventShape, 'next') },
    }),
  }
  app.get('/v1/audit', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const { cursor, limit = LIMIT, request_id: requestId, ...asked } = request.query
    const operator = guard.operatorOf(request)
    const before = positionIn(cursor)
    // The trail of another tenant looks like one in which nothing has happened.
    if (!operator.isAdministrative && asked.tenant !== undefined && asked.tenant !== operator.tenant)
      return { events: [], next: null }
    const filter = { ...asked, requestId, ...(!operator.isAdministrative && { tenant: operator.tenant }) }
    const page = await guard.heavyRead(request, () =>
      reading(queryAudit(ports.auditReader, filter, { before, limit })),
    )
    return {
      events: page.events.map(eventJson),
      next: page.next === undefined ? null : formatCursor('audit', page.next),
    }
  })
}

export function getAuditVerification(
  app: CurfewServer,
  ports: AuditPorts,
  { guard, retentionMs }: { readonly guard: OperatorGuard; readonly retentionMs: number },
): void {
  const schema = {
    querystring: VerifyQuerySchema,
    ...described({
      summary: 'Whether the audit trail is what was written',
      answers: { 200: VerificationShape },
    }),
  }
  app.get('/v1/audit/verify', { schema, onRequest: guard.requires(READ) }, async (request) => {
    // One chain for all tenants.
    if (!guard.operatorOf(request).isAdministrative) throw new Problem('forbidden')
    const position = positionIn(request.query.cursor)
    const from = position === undefined ? undefined : parseEventPosition(position).seq
    const anchors = await ports.auditAnchors.known()
    const nowMs = ports.clock.nowMs()
    const verified = await guard.heavyRead(request, () =>
      reading(verifyAudit(ports.auditReader, { from, anchors, nowMs, retentionMs })),
    )
    const { first, last, checked, faults, next } = verified
    return {
      intact: faults.length === 0,
      first: eventPosition(first, 0),
      last: eventPosition(last, 0),
      checked,
      faults: faults.map(({ seq, fault }) => ({ position: eventPosition(seq, 0), fault })),
      next: next === undefined ? null : formatCursor('audit', eventPosition(next, 0)),
    }
  })
}

async function reading<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw new Unavailable('audit-not-read', error)
  }
}

function positionIn(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const position = parseCursor('audit', cursor)
  if (position === undefined)
    throw new Problem('bad-request', 'query parameter "cursor" is not one of this list')
  return position
}

function eventJson({ requestId, addressClass, ...event }: FoundEvent): object {
  return {
    id: event.id,
    position: event.position,
    at: event.at,
    type: event.type,
    actor: event.actor,
    outcome: event.outcome,
    tenant: event.tenant,
    user: event.user,
    client: event.client,
    session: event.session,
    reason: event.reason,
    effect: event.effect,
    count: event.count,
    request_id: requestId,
    address_class: addressClass,
    source: event.source,
  }
}
