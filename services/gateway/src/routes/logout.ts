/**
 * ① POST /logout: ends the session everywhere.
 * Promise: 204 means that the token is dead, however often it is asked; where that is not certain the answer is 503 and the cookie stays.
 */
import { deletedCookie } from '@curfew/browser-boundary'
import { subjectKey } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import type { VerifiedSession, Verifier } from '@curfew/verifier'
import type { FastifyRequest } from 'fastify'

import { isRightChannel, type Credential } from '../domain/credential.ts'
import type { SessionAuthority } from '../ports.ts'
import { holderOf, type Boundary } from './boundary.ts'
import type { Reports } from './reports.ts'

export interface LogoutRoute {
  readonly boundary: Boundary
  readonly authority: SessionAuthority
  readonly verifier: Verifier
  readonly cookieName: string
  readonly reports: Reports
}

export function addLogoutRoute(app: CurfewServer, route: LogoutRoute): void {
  const { boundary, authority, cookieName, reports } = route

  const schema = described({ summary: 'Ends the session everywhere', answers: { 204: 'It is over' } })
  app.post('/logout', { schema, onRequest: [...boundary.ownSite] }, async (request, reply) => {
    const credential = boundary.credential(request)
    // Which of them is the session's is not known, so that none can be said to be over.
    if (credential.kind === 'cookie' && credential.isRepeated === true)
      throw new Problem('ambiguous-credentials')
    const session = await liveSessionOf(request, credential, route)
    if (session !== undefined) {
      const { id, tenant, user } = session
      const state = await authority.end(id, subjectKey(tenant, user), 'logout')
      const outcome = state === 'unknown' ? 'unknown' : 'done'
      reports.audit(request, { type: 'session.ended', outcome, reason: 'logout', ...holderOf(session) })
      if (state === 'unknown') throw new Problem('unavailable', 'the end of the session is not certain yet')
      request.log.info({ event: 'session.ended', sessionId: id, userId: user, reason: 'logout' })
    }
    if (credential.kind !== 'bearer')
      void reply
        .header('set-cookie', deletedCookie(cookieName))
        .header('clear-site-data', '"cache", "cookies", "storage"')
    return reply.code(204).send()
  })
}

/** Undefined when there is nothing to end: a token that is over already is a logout that has happened. */
async function liveSessionOf(
  request: FastifyRequest,
  credential: Credential,
  { boundary, verifier }: LogoutRoute,
): Promise<VerifiedSession | undefined> {
  if (credential.kind !== 'cookie' && credential.kind !== 'bearer') return undefined
  const verdict = await verifier.check(credential.token)
  switch (verdict.kind) {
    case 'unsure':
      throw new Problem('unavailable')
    case 'refused':
      request.log.info({ event: 'session.check.refused', reason: verdict.reason, at: 'logout' })
      return undefined
    case 'admitted': {
      if (!isRightChannel(credential.kind, verdict.session.client)) return undefined
      const fault = boundary.csrfFault(request)
      if (fault !== undefined) throw fault
      return verdict.session
    }
  }
}
