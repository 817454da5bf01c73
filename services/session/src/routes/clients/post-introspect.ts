/**
 * ④ `POST /introspect` (RFC 7662): a service that does not speak NATS asks about a token.
 * Promise: `{"active":false}` and nothing else for every token that the client is not to know of, whatever the cause.
 */
import { type CurfewServer, described } from '@curfew/service-kit'

import type { ClientRegistry } from '../../domain/sessions/clients.ts'
import {
  examineToken,
  viewOfToken,
  type ExaminePorts,
  type TokenView,
} from '../../domain/sessions/examine-token.ts'
import { IntrospectionShape } from '../shared/shapes.ts'
import type { ClientGuard } from './client-guard.ts'
import { FORM, TokenForm } from './token-endpoints.ts'

export interface IntrospectPorts extends ExaminePorts {
  readonly clients: ClientRegistry
}

export function postIntrospect(
  app: CurfewServer,
  ports: IntrospectPorts,
  { guard, issuer }: { readonly guard: ClientGuard; readonly issuer: string },
): void {
  const schema = {
    body: TokenForm,
    consumes: FORM,
    ...described({
      summary: 'What a token is worth (RFC 7662)',
      answers: { 200: IntrospectionShape },
      credentials: ['client'],
    }),
  }
  app.post('/introspect', { schema, onRequest: guard.requireClient }, async (request) => {
    const client = guard.clientOf(request)
    // There is one type of token, so a hint could only mislead.
    const examined = await examineToken(ports, request.body.token)
    const view = await viewOfToken(ports, examined, ports.clients.find(client)?.introspect)
    const sessionId = 'sessionId' in examined ? examined.sessionId : undefined
    ports.reports.tokenExamined({
      client,
      result: view === undefined && examined.verdict === 'live' ? 'not-allowed' : examined.verdict,
      ...(sessionId !== undefined && { sessionId }),
    })
    return view === undefined ? { active: false } : activeAnswer(view, issuer, client)
  })
}

function activeAnswer({ session, permissions, expiresAtMs }: TokenView, issuer: string, audience: string) {
  const { id, tenant, user, client, acr, amr, createdAtMs, authTimeMs } = session
  return {
    active: true,
    iss: issuer,
    // Users are unique within their tenant only.
    sub: `${tenant}/${user}`,
    aud: audience,
    client_id: client,
    username: user,
    tenant,
    token_type: 'Bearer',
    exp: seconds(expiresAtMs),
    iat: seconds(createdAtMs),
    auth_time: seconds(authTimeMs),
    acr,
    amr,
    // A scope has at least one member (RFC 6749 §3.3).
    ...(permissions.length > 0 && { scope: permissions.join(' ') }),
    jti: id,
    sid: id,
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}
