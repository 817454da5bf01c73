/**
 * ① How a token reaches whom it was issued to: in a cookie for browsers, in the body for programs.
 * Promise: a browser's token stands nowhere but in `Set-Cookie`, and comes with a fresh anti-forgery value.
 */
import { csrfBindingOf, type CsrfTokens, sessionCookie } from '@curfew/browser-boundary'
import type { SessionInfo } from '@curfew/contracts'
import type { FastifyReply } from 'fastify'
import { Type, type Static } from 'typebox'

import { BROWSER } from '../domain/credential.ts'
import { SessionBody, sessionBody } from './session-body.ts'

export const BrowserAnswer = Type.Object({ session: SessionBody, csrf_token: Type.String() })
export const ProgramAnswer = Type.Object({
  token: Type.String(),
  token_type: Type.Literal('Bearer'),
  session: SessionBody,
})
export const IssuedTokenAnswer = Type.Union([BrowserAnswer, ProgramAnswer])

export function answerWithToken(
  reply: FastifyReply,
  { token, session }: { readonly token: string; readonly session: SessionInfo },
  { csrf, cookieName }: { readonly csrf: CsrfTokens; readonly cookieName: string },
): Static<typeof IssuedTokenAnswer> {
  if (session.client !== BROWSER) return { token, token_type: 'Bearer', session: sessionBody(session) }
  const binding = csrfBindingOf(token)
  if (binding === undefined) throw new Error('the authority has issued what is not a session token')
  void reply.header('set-cookie', sessionCookie(cookieName, token))
  return { session: sessionBody(session), csrf_token: csrf.issue(binding) }
}
