/**
 * Signing in and out, and proving it once more: all of it the gateway's business, asked on behalf of the person at the page.
 * Promise: a token is in the cookie that scripts cannot read, and in no body; who is no operator is told so and keeps nothing.
 */
import { csrfBindingOf } from '@curfew/browser-boundary'
import { USER_ID_BYTES_MAX } from '@curfew/contracts'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'

import { isOperator } from '../domain/operators.ts'
import { issueCsrfValue } from '../domain/page-csrf.ts'
import type { Backend } from '../ports.ts'
import { Issued, Known, LoggedIn, ask, headersFor } from './ask-backend.ts'
import type { OwnPage } from './own-page.ts'

/** What sessions that begin here are called, so that all of them can be ended by that name. */
const CLIENT = 'console'
const END_TIMEOUT_MS = 10_000

const LoginBody = Type.Object(
  {
    tenant: Type.String({ minLength: 1, maxLength: 128 }),
    username: Type.String({ minLength: 1, maxLength: USER_ID_BYTES_MAX }),
    password: Type.String({ minLength: 1, maxLength: 1024 }),
  },
  { additionalProperties: false },
)
const ElevateBody = Type.Object(
  { password: Type.String({ minLength: 1, maxLength: 1024 }) },
  { additionalProperties: false },
)

export interface SignInRoutes {
  readonly ownPage: OwnPage
  readonly gateway: Backend
  readonly authority: Backend
}

export function addSignIn(app: CurfewServer, routes: SignInRoutes): void {
  const { ownPage } = routes
  const login = { schema: { body: LoginBody }, onRequest: ownPage.declared }
  app.post('/api/login', login, async (request, reply) => {
    const replaced = ownPage.tokenIn(request)
    const device = ownPage.deviceIn(request)
    const body = { ...request.body, client: CLIENT, ...(device !== undefined && { device }) }
    const asked = { request, reply, path: '/login', body, expected: LoggedIn }
    const { token, session, device: known } = await ask(routes.gateway, asked)
    if (!isOperator(session)) {
      await end(routes, request, token)
      throw new Problem('forbidden', 'this account has no permission over Curfew')
    }
    // A token that was known before the login, to whomever, must not outlive it.
    if (replaced !== undefined)
      await end(routes, request, replaced).catch((err: unknown) => {
        // The new login stands; the old session ends by its own time.
        request.log.error({ event: 'session.replace.failed', err })
      })
    ownPage.keepDevice(reply, known)
    return answerWith(ownPage, reply, { token, session })
  })

  app.get('/api/session', { onRequest: ownPage.signedIn }, async (request, reply) => {
    const token = ownPage.tokenIn(request) ?? ''
    const { session } = await whoIs(routes, { request, reply, token })
    return { session, csrf_token: issueCsrfValue(token) }
  })

  const elevate = { schema: { body: ElevateBody }, onRequest: ownPage.signedIn }
  app.post('/api/elevate', elevate, async (request, reply) => {
    const token = ownPage.tokenIn(request)
    const { body } = request
    const asked = { request, reply, path: '/session/elevate', token, body, expected: Issued }
    return answerWith(ownPage, reply, await ask(routes.gateway, asked))
  })

  app.post('/api/logout', { onRequest: ownPage.signedIn }, async (request, reply) => {
    await end(routes, request, ownPage.tokenIn(request) ?? '')
    ownPage.forget(reply)
    return reply.header('clear-site-data', '"cache", "storage"').code(204).send()
  })
}

function answerWith(
  ownPage: OwnPage,
  reply: FastifyReply,
  { token, session }: Static<typeof Issued>,
): { session: object; csrf_token: string | undefined } {
  ownPage.keep(reply, token)
  return { session, csrf_token: issueCsrfValue(token) }
}

/**
 * The session authority knows it, also where the gateway is gone and sessions have to be ended all the same. It does not tell
 * operators who may read nothing: those the gateway tells.
 */
async function whoIs(
  { gateway, authority }: SignInRoutes,
  asking: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly token: string },
): Promise<Static<typeof Known>> {
  const id = csrfBindingOf(asking.token)?.session ?? ''
  return ask(authority, { ...asking, path: `/v1/sessions/${id}`, expected: Known }).catch(
    (error: unknown) => {
      if (error instanceof Problem && error.code === 'unauthenticated') throw error
      return ask(gateway, { ...asking, path: '/session', expected: Known })
    },
  )
}

/** @throws Problem where it is not certain that the session is over */
async function end({ gateway }: SignInRoutes, request: FastifyRequest, token: string): Promise<void> {
  const signal = AbortSignal.timeout(END_TIMEOUT_MS)
  const headers = headersFor(request, token, false)
  const { status, body } = await gateway.call({ method: 'POST', path: '/logout', headers, signal })
  body.resume()
  if (status !== 204) throw new Problem('unavailable', 'the end of the session is not certain yet')
}
