/**
 * ① POST /login: a password becomes a session, in a cookie for browsers and in the body for programs.
 * Promise: a new token each time, the one presented is dead afterwards, and no refusal tells why.
 */
import { subjectKey, type ClientId, type SessionInfo } from '@curfew/contracts'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { Verifier, VerifiedSession } from '@curfew/verifier'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'

import { sessionCookie } from '../domain/cookies.ts'
import { BROWSER, isRightChannel, type Credential } from '../domain/credential.ts'
import type { CsrfTokens } from '../domain/csrf-tokens.ts'
import { logIn, type LoginPorts, type LoginResult } from '../domain/log-in.ts'
import { csrfBindingOf, type Boundary } from './boundary.ts'
import { SessionBody, sessionBody } from './session-body.ts'

const LoginBody = Type.Object(
  {
    username: Type.String({ minLength: 1, maxLength: 128 }),
    password: Type.String({ minLength: 1, maxLength: 1024 }),
    tenant: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
    client: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  },
  { additionalProperties: false },
)

const LoginAnswer = Type.Union([
  Type.Object({ session: SessionBody, csrf_token: Type.String() }),
  Type.Object({ token: Type.String(), token_type: Type.Literal('Bearer'), session: SessionBody }),
])

export interface LoginRoute {
  readonly boundary: Boundary
  readonly ports: LoginPorts
  readonly verifier: Verifier
  readonly csrf: CsrfTokens
  readonly cookieName: string
  readonly programmaticClients: ReadonlySet<ClientId>
  readonly defaultTenant: string | undefined
}

export function addLoginRoute(app: CurfewServer, route: LoginRoute): void {
  const { boundary, ports, csrf, cookieName } = route
  const schema = { body: LoginBody, response: { 200: LoginAnswer } }

  app.post('/login', { schema, onRequest: [...boundary.ownSite] }, async (request, reply) => {
    const { username, password } = request.body
    const presented = boundary.credential(request)
    const tenant = request.body.tenant ?? route.defaultTenant
    if (tenant === undefined) throw new Problem('bad-request', 'member "tenant" is missing')
    const client = clientOf(request.body.client, route.programmaticClients)

    const result = await logIn(ports, { tenant, username, password, client })
    const { token, session } = createdOf(request, result)
    await endPresented(request, presented, route)

    if (client !== BROWSER) return { token, token_type: 'Bearer' as const, session: sessionBody(session) }
    const binding = csrfBindingOf(token)
    if (binding === undefined) throw new Error('the authority has issued what is not a session token')
    setCookie(reply, sessionCookie(cookieName, token))
    return { session: sessionBody(session), csrf_token: csrf.issue(binding) }
  })
}

function clientOf(name: string | undefined, programmatic: ReadonlySet<ClientId>): ClientId {
  if (name === undefined || name === BROWSER) return BROWSER
  const client = name as ClientId
  if (programmatic.has(client)) return client
  throw new Problem('bad-request', 'member "client" names no client of this gateway')
}

function createdOf(request: FastifyRequest, result: LoginResult): { token: string; session: SessionInfo } {
  switch (result.kind) {
    case 'busy':
      request.log.warn({ event: 'session.create.busy' })
      throw new Problem('unavailable', 'too many logins at once')
    case 'refused':
      request.log.warn({ event: 'session.create.refused', reason: result.reason })
      throw new Problem('invalid-credentials')
    case 'created': {
      const { id, tenant, user, client } = result.session
      request.log.info({ event: 'session.created', sessionId: id, tenant, userId: user, client })
      return result
    }
  }
}

/** A token that was known before the login, to whomever, must not outlive it. */
async function endPresented(
  request: FastifyRequest,
  presented: Credential,
  { verifier, ports }: LoginRoute,
): Promise<void> {
  if (presented.kind !== 'cookie' && presented.kind !== 'bearer') return
  const verdict = await verifier.check(presented.token)
  if (verdict.kind === 'refused')
    request.log.warn({ event: 'session.check.refused', reason: verdict.reason, at: 'login' })
  if (verdict.kind === 'admitted' && isRightChannel(presented.kind, verdict.session.client))
    await endReplaced(request, verdict.session, ports)
}

async function endReplaced(
  request: FastifyRequest,
  session: VerifiedSession,
  { authority }: LoginPorts,
): Promise<void> {
  try {
    await authority.end(session.id, subjectKey(session.tenant, session.user), 'replaced by a new login')
    request.log.info({ event: 'session.replaced', sessionId: session.id })
  } catch (err) {
    // The new login stands; the old session ends by its own time.
    request.log.error({ event: 'session.replace.failed', sessionId: session.id, err })
  }
}

function setCookie(reply: FastifyReply, cookie: string): void {
  void reply.header('set-cookie', cookie)
}
