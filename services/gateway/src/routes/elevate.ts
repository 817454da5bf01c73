/**
 * ① POST /session/elevate: the password once more, and with it a new token, new timers and a fresh `auth_time`.
 * Promise: the session keeps its id and its birth, so that no revocation is lost on the way; a wrong password ends nothing.
 */
import { csrfBindingOf, type CsrfTokens } from '@curfew/browser-boundary'
import type { SessionInfo } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'

import { reauthenticate, type ReauthenticationPorts } from '../domain/re-authenticate.ts'
import { holderOf, type Boundary } from './boundary.ts'
import { callerOf } from './caller.ts'
import { IssuedTokenAnswer, answerWithToken } from './issued-token.ts'
import { sessionIsOver } from './over.ts'
import type { Reports } from './reports.ts'

const ElevateBody = Type.Object(
  { password: Type.String({ minLength: 1, maxLength: 1024 }) },
  { additionalProperties: false },
)

export interface ElevateRoute {
  readonly boundary: Boundary
  readonly ports: ReauthenticationPorts
  readonly csrf: CsrfTokens
  readonly cookieName: string
  readonly reports: Reports
}

export function addElevateRoute(app: CurfewServer, route: ElevateRoute): void {
  const { boundary } = route
  const schema = {
    body: ElevateBody,
    response: { 200: IssuedTokenAnswer },
    ...described({ summary: 'Proves the password again: another token, both limits anew' }),
  }

  app.post('/session/elevate', { schema, onRequest: [...boundary.liveSession] }, async (request, reply) => {
    const issued = await elevated(request, request.body.password, route)
    return answerWithToken(reply, issued, route)
  })
}

async function elevated(
  request: FastifyRequest,
  password: string,
  { boundary, ports, reports }: ElevateRoute,
): Promise<{ token: string; session: SessionInfo }> {
  const { id, tenant, user } = request.session
  const credential = boundary.credential(request)
  const presented = 'token' in credential ? csrfBindingOf(credential.token) : undefined
  if (presented === undefined) throw new Error('a session was admitted without a token')

  const own = { tenant, user, session: id }
  const { secretHash } = presented
  const address = callerOf(request).addressKey
  const result = await reauthenticate(ports, { own, secretHash, address, password })
  const event = { sessionId: id, userId: user }
  const who = holderOf(request.session)
  switch (result.kind) {
    case 'rotated':
      request.log.info({ event: 'session.elevated', ...event })
      reports.audit(request, { type: 'session.elevated', outcome: 'done', ...who })
      return result
    case 'busy':
      request.log.warn({ event: 'session.elevate.busy', ...event })
      throw new Problem('unavailable', 'too many passwords to check at once')
    case 'throttled':
      throw reports.throttled(request, result.usedUp, who)
    case 'wrong-password':
      request.log.warn({ event: 'session.elevate.refused', reason: result.kind, ...event })
      reports.audit(request, { type: 'password.refused', outcome: 'refused', reason: result.kind, ...who })
      throw new Problem('invalid-credentials', 'the password is wrong; the session goes on as it was')
    case 'superseded':
      request.log.warn({ event: 'session.elevate.superseded', ...event })
      throw new Problem('conflict', 'the session has got another token meanwhile')
    case 'no-room':
      throw new Problem('log-full', 'the password is right; the session goes on as it was')
    case 'refused':
      request.log.warn({ event: 'session.elevate.refused', reason: result.reason, ...event })
      throw sessionIsOver()
  }
}
