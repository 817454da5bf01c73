/**
 * ④ `POST /v1/sessions`: a trusted backend has authenticated a user and wants a session for it.
 * Promise: the token is in this answer and nowhere else; a backend begins sessions of its tenants and up to its level only,
 * and none that operates unless it is registered for that.
 */
import { PositionSchema, TenantIdSchema, UserIdSchema, parsePosition, type Position } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { requireLease } from '../../domain/log/require-lease.ts'
import { Unavailable } from '../../domain/log/unavailable.ts'
import { creationFault, type CreationFault } from '../../domain/sessions/client-limits.ts'
import type { ClientRegistry } from '../../domain/sessions/clients.ts'
import { createSession, type CreationSettings } from '../../domain/sessions/create-session.ts'
import type { LimitPorts } from '../../domain/sessions/limit-sessions.ts'
import { sessionJson } from '../shared/session-json.ts'
import { IssuedShape } from '../shared/shapes.ts'
import type { ClientGuard } from './client-guard.ts'

const BodySchema = Type.Object(
  {
    tenant: TenantIdSchema,
    user: UserIdSchema,
    acr: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'How strongly the user was authenticated' }),
    ),
    amr: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { maxItems: 8 })),
    label: Type.Optional(Type.String({ maxLength: 64 })),
    address_class: Type.Optional(
      Type.String({ maxLength: 64, description: 'The network of the user, never a single address' }),
    ),
    birth: Type.Optional(PositionSchema),
  },
  { additionalProperties: false },
)

const NOT_ALLOWED: Readonly<Record<CreationFault, string>> = {
  sessions: 'the client is not registered to begin sessions',
  tenant: 'the client is not registered to begin sessions of this tenant',
  acr: 'the client is not registered to begin sessions of this acr',
}

export interface PostSessionsPorts extends LimitPorts {
  readonly clients: Pick<ClientRegistry, 'find'>
}

export function postSessions(
  app: CurfewServer,
  ports: PostSessionsPorts,
  { guard, settings }: { readonly guard: ClientGuard; readonly settings: CreationSettings },
): void {
  const schema = {
    body: BodySchema,
    ...described({
      summary: 'Begins a session for a user whom a trusted backend has authenticated',
      answers: { 201: IssuedShape },
      credentials: ['client'],
    }),
  }
  app.post('/v1/sessions', { schema, onRequest: guard.requireClient }, async (request, reply) => {
    // Whoever does not say how strongly the user was authenticated is taken to mean: as weakly as can be.
    const { tenant, user, acr = 'aal1', amr = [], label, address_class: addressClass } = request.body
    const client = guard.clientOf(request)
    const fault = creationFault(ports.clients.find(client), { tenant, acr })
    if (fault !== undefined) {
      ports.reports.sessionRefused({ client, reason: `client-${fault}`, tenant, user })
      throw new Problem('forbidden', NOT_ALLOWED[fault])
    }
    requireLease(ports.log)
    const birth = request.body.birth ?? ports.view.applied
    if (request.body.birth !== undefined) await requireKnownBirth(ports, birth)
    await guard.takeSession(request, { tenant, user })
    const asked = { birth, tenant, user, client, isClientMade: true, acr, amr, label, addressClass }
    const creation = await createSession(ports, asked, settings)
    if (creation.outcome === 'refused') {
      ports.reports.sessionRefused({ client, reason: creation.reason, tenant, user })
      throw new Problem('conflict', 'the user can have no session at present')
    }
    ports.reports.sessionCreated(creation.session)
    void reply.code(201).header('location', `/v1/sessions/${creation.session.id}`)
    return { token: creation.token, token_type: 'Bearer', session: sessionJson(creation, ports.view.wide) }
  })
}

/**
 * However old it is: an older birth can only lose against more revocations, never against fewer.
 * @throws Problem for what no replica has given out: it would win against revocations that are yet to come.
 */
async function requireKnownBirth({ log, view }: LimitPorts, birth: Position): Promise<void> {
  const isOfThisLog = parsePosition(birth)?.epoch === parsePosition(view.applied)?.epoch
  if (!isOfThisLog)
    throw new Problem('bad-request', 'member "birth" is not of the log in force: prepare again')
  if (birth <= view.applied) return
  // Another replica may have given it out a moment ago.
  if (!(await log.catchUp())) throw new Unavailable('birth-ahead')
  if (birth > view.applied)
    throw new Problem('bad-request', 'member "birth" lies ahead of the log: nobody has given it out')
}
