/**
 * ① GET /session: who is this, and the anti-forgery value for what the page wants to change.
 */
import { csrfBindingOf, type CsrfTokens } from '@curfew/browser-boundary'
import { type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import type { Boundary } from './boundary.ts'
import { SessionBody, sessionBody } from './session-body.ts'

const Answer = Type.Object({ session: SessionBody, csrf_token: Type.Optional(Type.String()) })

export function addSessionRoute(app: CurfewServer, boundary: Boundary, csrf: CsrfTokens): void {
  const schema = { response: { 200: Answer }, ...described({ summary: 'Who is this' }) }

  app.get('/session', { schema, onRequest: [...boundary.liveSession] }, (request) => {
    const credential = boundary.credential(request)
    const binding = credential.kind === 'cookie' ? csrfBindingOf(credential.token) : undefined
    return {
      session: sessionBody(request.session),
      ...(binding !== undefined && { csrf_token: csrf.issue(binding) }),
    }
  })
}
