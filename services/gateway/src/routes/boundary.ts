/**
 * ① What every request from outside goes through before a handler: credential, origin, session, channel, anti-forgery value.
 * Promise: a cookie alone, whoever made the browser send it, never changes anything.
 */
import { hashSecret, parseToken } from '@curfew/contracts'
import { bearerToken } from '@curfew/fastify'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { deletedCookie } from '../domain/cookies.ts'
import { credentialOf, isRightChannel, type Credential } from '../domain/credential.ts'
import type { CsrfBinding, CsrfTokens } from '../domain/csrf-tokens.ts'
import { foreignSign } from '../domain/same-site.ts'

type Done = (error?: Error) => void
type Hook = (request: FastifyRequest, reply: FastifyReply, done: Done) => void

export interface Boundary {
  /** For routes that start or end sessions: nothing a foreign page can trigger. */
  readonly ownSite: readonly Hook[]
  /** For routes behind a session. Anti-forgery values are demanded of cookies on unsafe methods. */
  readonly liveSession: readonly Hook[]
  /** Problem, or undefined when the request proves that it comes from the session's own page. */
  csrfFault(request: FastifyRequest): Problem | undefined
  /** @throws Problem for two credentials at once */
  credential(request: FastifyRequest): Credential
}

const found = Symbol('gateway.credential')

declare module 'fastify' {
  interface FastifyRequest {
    [found]: Credential | undefined
  }
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const REFUSED = 'Bearer realm="curfew", error="invalid_token"'

export function createBoundary(app: CurfewServer, cookieName: string, csrf: CsrfTokens): Boundary {
  app.decorateRequest(found, undefined)

  /** Every hook of a request asks for it; its headers are searched once. */
  function credential(request: FastifyRequest): Credential {
    const known = request[found]
    if (known !== undefined) return known
    const read = credentialOf(request.headers.cookie, bearerToken(request.raw), cookieName)
    if (read.kind !== 'ambiguous') return (request[found] = read)
    throw new Problem('ambiguous-credentials', undefined, {
      headers: { 'www-authenticate': 'Bearer realm="curfew", error="invalid_request"' },
    })
  }

  /** Programs send their token on purpose; only a cookie comes along by itself. */
  function refuseForeignCookies(request: FastifyRequest, _reply: FastifyReply, done: Done): void {
    const isAtRisk = !SAFE_METHODS.has(request.method) && credential(request).kind === 'cookie'
    done(isAtRisk ? foreignFault(request) : undefined)
  }

  function requireSession(request: FastifyRequest, reply: FastifyReply, done: Done): void {
    app.requireSession(request, reply, (error) => {
      const fault = error ?? channelFault(request, credential(request))
      const isOver = fault instanceof Problem && fault.code === 'unauthenticated'
      if (isOver && credential(request).kind === 'cookie')
        reply.header('set-cookie', deletedCookie(cookieName))
      done(fault)
    })
  }

  function csrfFault(request: FastifyRequest): Problem | undefined {
    if (SAFE_METHODS.has(request.method)) return undefined
    const brought = credential(request)
    if (brought.kind !== 'cookie') return undefined
    const presented = request.headers['x-csrf-token']
    const binding = csrfBindingOf(brought.token)
    if (typeof presented === 'string' && binding !== undefined && csrf.accepts(presented, binding))
      return undefined
    return csrfProblem(
      request,
      presented === undefined ? 'missing' : 'wrong',
      'X-CSRF-Token is missing or wrong',
    )
  }

  return {
    credential,
    csrfFault,
    ownSite: [refuseForeign],
    liveSession: [refuseForeignCookies, requireSession, (request, _reply, done) => done(csrfFault(request))],
  }
}

/** Undefined for what is not a session token. */
export function csrfBindingOf(token: string): CsrfBinding | undefined {
  const parsed = parseToken(token)
  if (parsed?.kind !== 'session') return undefined
  return { session: parsed.sessionId, secretHash: hashSecret(parsed.secret) }
}

function refuseForeign(request: FastifyRequest, _reply: FastifyReply, done: Done): void {
  done(foreignFault(request))
}

function foreignFault(request: FastifyRequest): Problem | undefined {
  const { host, origin, referer, 'sec-fetch-site': site } = request.headers
  const sign = foreignSign({ host, origin, referer, secFetchSite: site?.toString() })
  return sign === undefined ? undefined : csrfProblem(request, sign, 'the request comes from another site')
}

function csrfProblem(request: FastifyRequest, reason: string, detail: string): Problem {
  request.log.warn({ event: 'request.csrf.refused', reason })
  return new Problem('csrf-rejected', detail)
}

function channelFault(request: FastifyRequest, credential: Credential): Problem | undefined {
  const { id, client } = request.session
  if (credential.kind !== 'cookie' && credential.kind !== 'bearer') return undefined
  if (isRightChannel(credential.kind, client)) return undefined
  request.log.warn({ event: 'session.check.refused', reason: 'channel', sessionId: id })
  return new Problem('unauthenticated', undefined, { headers: { 'www-authenticate': REFUSED } })
}
