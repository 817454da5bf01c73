/**
 * ④ `POST /v1/sessions`: a trusted backend has authenticated a user and wants a session for it.
 * Promise: the token is in this answer and nowhere else; no backend, whatever its secret opens, becomes an operator.
 */
import { TenantIdSchema, UserIdSchema } from '@curfew/contracts'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import { Type } from 'typebox'

import { createSession, type SessionLimits } from '../domain/create-session.ts'
import type { LookUpPorts } from '../domain/look-up.ts'
import { ADMINISTRATIVE_TENANT } from '../domain/operator.ts'
import { requireLease } from '../domain/require-lease.ts'
import type { Reports } from '../ports.ts'
import type { ClientGuard } from './client-guard.ts'
import { sessionJson } from './session-json.ts'

const BodySchema = Type.Object(
  {
    tenant: TenantIdSchema,
    user: UserIdSchema,
    acr: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'How strongly the user was authenticated' }),
    ),
    amr: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { maxItems: 8 })),
    label: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
)

export interface PostSessionsPorts extends LookUpPorts {
  readonly reports: Reports
}

export function postSessions(
  app: CurfewServer,
  ports: PostSessionsPorts,
  { guard, limits }: { readonly guard: ClientGuard; readonly limits: SessionLimits },
): void {
  const schema = { body: BodySchema }
  app.post('/v1/sessions', { schema, onRequest: guard.requireClient }, async (request, reply) => {
    const { tenant, user, acr = 'unspecified', amr = [], label } = request.body
    const client = guard.clientOf(request)
    if (tenant === ADMINISTRATIVE_TENANT)
      throw new Problem('forbidden', 'sessions of operators begin at the gateway')
    requireLease(ports.log)
    const birth = ports.view.applied
    const asked = { birth, tenant, user, client, acr, amr, ...(label !== undefined && { label }) }
    const creation = await createSession(ports, asked, limits)
    if (creation.outcome === 'refused') {
      ports.reports.sessionRefused({ client, reason: creation.reason })
      throw new Problem('conflict', 'the user can have no session at present')
    }
    ports.reports.sessionCreated(creation.session)
    void reply.code(201).header('location', `/v1/sessions/${creation.session.id}`)
    return { token: creation.token, token_type: 'Bearer', session: sessionJson(creation, ports.view.wide) }
  })
}
