/**
 * Signing in and out, and proving it once more: all of it the gateway's business, asked on behalf of the person at the page.
 * Promise: a token is in the cookie that scripts cannot read, and in no body; who is no operator is told so and keeps nothing.
 */
import { PROBLEMS, type ProblemCode } from '@curfew/contracts'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

import { headersForPage } from '../domain/operator-api.ts'
import { isOperator } from '../domain/operators.ts'
import { issueCsrfValue } from '../domain/page-csrf.ts'
import type { Backend, BackendAnswer } from '../ports.ts'
import type { OwnPage } from './own-page.ts'
import { readJson } from './read-json.ts'

/** What sessions that begin here are called, so that all of them can be ended by that name. */
const CLIENT = 'console'
const END_TIMEOUT_MS = 10_000

const LoginBody = Type.Object(
  {
    tenant: Type.String({ minLength: 1, maxLength: 128 }),
    username: Type.String({ minLength: 1, maxLength: 128 }),
    password: Type.String({ minLength: 1, maxLength: 1024 }),
  },
  { additionalProperties: false },
)
const ElevateBody = Type.Object(
  { password: Type.String({ minLength: 1, maxLength: 1024 }) },
  { additionalProperties: false },
)

const Session = Type.Object({ permissions: Type.Array(Type.String()) })
const Issued = Type.Object({ token: Type.String(), session: Session })
const Known = Type.Object({ session: Session })

export interface SignInRoutes {
  readonly ownPage: OwnPage
  readonly gateway: Backend
}

export function addSignIn(app: CurfewServer, routes: SignInRoutes): void {
  const { ownPage } = routes
  const login = { schema: { body: LoginBody }, onRequest: ownPage.declared }
  app.post('/api/login', login, async (request, reply) => {
    const replaced = ownPage.tokenIn(request)
    const body = { ...request.body, client: CLIENT }
    const { token, session } = await ask(routes, { request, reply, path: '/login', body, expected: Issued })
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
    return answerWith(ownPage, reply, { token, session })
  })

  app.get('/api/session', { onRequest: ownPage.signedIn }, async (request, reply) => {
    const token = ownPage.tokenIn(request)
    const { session } = await ask(routes, { request, reply, path: '/session', token, expected: Known })
    return { session, csrf_token: issueCsrfValue(token ?? '') }
  })

  const elevate = { schema: { body: ElevateBody }, onRequest: ownPage.signedIn }
  app.post('/api/elevate', elevate, async (request, reply) => {
    const token = ownPage.tokenIn(request)
    const { body } = request
    const asked = { request, reply, path: '/session/elevate', token, body, expected: Issued }
    return answerWith(ownPage, reply, await ask(routes, asked))
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

interface Asked<T extends typeof Issued | typeof Known> {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly path: string
  readonly token?: string | undefined
  /** A question without a body is a GET. */
  readonly body?: object
  readonly expected: T
}

/** @throws Problem: what the gateway says, or that it says nothing that could be understood */
async function ask<T extends typeof Issued | typeof Known>(
  { ownPage, gateway }: SignInRoutes,
  { request, reply, path, token, body, expected }: Asked<T>,
): Promise<Static<T>> {
  const answer = await gateway.call({
    method: body === undefined ? 'GET' : 'POST',
    path,
    headers: headersFor(request, token, body !== undefined),
    body: body && JSON.stringify(body),
    signal: goneSignal(reply),
  })
  const said = await readJson(answer.body)
  if (answer.status === 200 && Value.Check(expected, said)) return said
  const problem = problemIn(answer, said)
  if (problem.code === 'unauthenticated') ownPage.forget(reply)
  throw problem
}

/** @throws Problem where it is not certain that the session is over */
async function end({ gateway }: SignInRoutes, request: FastifyRequest, token: string): Promise<void> {
  const signal = AbortSignal.timeout(END_TIMEOUT_MS)
  const headers = headersFor(request, token, false)
  const { status, body } = await gateway.call({ method: 'POST', path: '/logout', headers, signal })
  body.resume()
  if (status !== 204) throw new Problem('unavailable', 'the end of the session is not certain yet')
}

/** The gateway names devices, and counts attempts by addresses, where it trusts this proxy. */
function headersFor(
  request: FastifyRequest,
  token: string | undefined,
  isJson: boolean,
): Record<string, string> {
  const { 'user-agent': userAgent } = request.headers
  return {
    'x-request-id': request.id,
    'x-forwarded-for': request.ip,
    'x-forwarded-proto': request.protocol,
    ...(userAgent !== undefined && { 'user-agent': userAgent }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(isJson && { 'content-type': 'application/json' }),
  }
}

function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return gone.signal
}

const Said = Type.Object({ code: Type.String(), detail: Type.Optional(Type.String()) })

function problemIn({ headers }: BackendAnswer, said: unknown): Problem {
  if (!Value.Check(Said, said) || !isProblemCode(said.code)) return new Problem('upstream-failed')
  const { 'content-type': _, ...passed } = headersForPage(headers)
  return new Problem(said.code, said.detail, { headers: passed })
}

function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code)
}
