/**
 * ④ `POST /revoke` (RFC 7009): a client ends a session that was begun for it.
 * Promise: 200 means that the client has no live token like this, be it dead, another client's or none; what is not certain is 503, and may be repeated.
 */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'

import { endSession, type EndPorts } from '../../domain/sessions/end-session.ts'
import { examineToken, type ExaminePorts } from '../../domain/sessions/examine-token.ts'
import type { ClientGuard } from './client-guard.ts'
import { FORM, OAuthError, TokenForm } from './token-endpoints.ts'

export interface RevokePorts extends ExaminePorts, EndPorts {
  readonly log: ExaminePorts['log']
  readonly clock: ExaminePorts['clock']
}

/** One-time claims are JWTs. They end with their session, or by being used. */
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/

export function postRevoke(app: CurfewServer, ports: RevokePorts, guard: ClientGuard): void {
  const schema = {
    body: TokenForm,
    consumes: FORM,
    ...described({
      summary: 'Ends the session of a token (RFC 7009)',
      answers: { 200: 'It is over, or was no token of this client' },
      credentials: ['client'],
    }),
  }
  app.post('/revoke', { schema, onRequest: guard.requireClient }, async (request, reply) => {
    const client = guard.clientOf(request)
    const { token } = request.body
    const examined = await examineToken(ports, token)
    if (examined.verdict === 'relay' || JWT.test(token))
      throw new OAuthError('unsupported_token_type', 'only session tokens can be revoked')
    if (examined.verdict === 'mismatch' && examined.sessionId !== undefined)
      ports.reports.tokenExamined({ client, result: 'mismatch', sessionId: examined.sessionId })
    if (examined.verdict === 'live') {
      const { id, client: owner } = examined.session
      if (owner !== client) {
        ports.reports.tokenRevocationRefused({ client, sessionId: id, reason: 'other-client' })
        // RFC 7009 §2.1 would have an error here, which would tell the finder of a token that it is live.
        return reply.code(200).send()
      }
      const actor = `client:${client}`
      const state = await endSession(ports, { session: id, actor, reason: 'revoked by its client' })
      if (state === 'unknown') throw new Problem('unavailable', 'the end of the session is not certain yet')
    }
    return reply.code(200).send()
  })
}
