/**
 * ① What every request from outside goes through before a handler: credential, origin, session, channel, anti-forgery value.
 * Promise: a cookie alone, whoever made the browser send it, never changes anything.
 */
import type { CsrfTokens } from '@curfew/browser-boundary'
import { subjectKey } from '@curfew/contracts'
import { bearerToken } from '@curfew/fastify'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { VerifiedSession } from '@curfew/verifier'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { credentialOf, isRightChannel, type Credential } from '../domain/credential.ts'
import type { TokenGuessing } from '../domain/token-guessing.ts'
import { callerOf } from './caller.ts'
import { createForgeryGuard, isSafe, type Asked } from './forgery-guard.ts'
import { ANONYMOUS, type Reports } from './reports.ts'

type Done = (error?: Error) => void
type Hook = (request: FastifyRequest, reply: FastifyReply, done: Done) => void

export interface Boundary {
  /** For routes that start or end sessions: nothing a foreign page can trigger. */
  readonly ownSite: readonly Hook[]
  /** For routes behind a session. Anti-forgery values are demanded of cookies on unsafe methods. */
  readonly liveSession: readonly Hook[]
  /** A session, and nothing about where the request comes from: the handler has to look at that. */
  readonly anySession: readonly Hook[]
  /** Problem, or undefined when the request proves that it comes from the session's own page. */
  csrfFault(request: FastifyRequest, asked?: Asked): Problem | undefined
  /** Problem, or undefined when a request by cookie says that it comes from a page of this host or a trusted origin. */
  originFault(request: FastifyRequest, host: string | undefined): Problem | undefined
  /** @throws Problem for two credentials at once */
  credential(request: FastifyRequest): Credential
}

const found = Symbol('gateway.credential')

declare module 'fastify' {
  interface FastifyRequest {
    [found]: Credential | undefined
  }
}

export interface BoundaryOptions {
  readonly cookieName: string
  readonly csrf: CsrfTokens
  /** Pages of these origins may do what the site's own may. */
  readonly trustedOrigins: ReadonlySet<string>
  readonly guessing: TokenGuessing
  readonly reports: Reports
  readonly nowMs: () => number
}

const REFUSED = 'Bearer realm="curfew", error="invalid_token"'

export function createBoundary(app: CurfewServer, options: BoundaryOptions): Boundary {
  const { cookieName, csrf, trustedOrigins, guessing, reports, nowMs } = options
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

  const guard = createForgeryGuard({ credential, csrf, trustedOrigins, reports })

  /** Programs send their token on purpose; only a cookie comes along by itself. */
  function refuseForeignCookies(request: FastifyRequest, _reply: FastifyReply, done: Done): void {
    const isAtRisk = !isSafe(request.method) && credential(request).kind === 'cookie'
    done(isAtRisk ? guard.foreignFault(request, request.host) : undefined)
  }

  function requireSession(request: FastifyRequest, reply: FastifyReply, done: Done): void {
    app.requireSession(request, reply, (error) => {
      const fault = error ?? channelFault(request, credential(request))
      const isOver = fault instanceof Problem && fault.code === 'unauthenticated'
      done(isOver ? refusal(request, fault) : fault)
    })
  }

  /** Of an address that tries tokens all refusals look alike, so that none of them tells it anything. */
  function refusal(request: FastifyRequest, fault: Problem): Problem {
    const brought = credential(request)
    if (brought.kind === 'none') return fault
    const usedUp = guessing.usedUp(callerOf(request).addressKey, nowMs())
    if (usedUp !== undefined) return reports.throttled(request, usedUp)
    // The cookie stays in the browser: a login may have replaced it while this request was on its way, and the server cannot
    // know whether it has. The name alone says which cookie is deleted.
    if (brought.kind === 'cookie' && brought.isRepeated) reportRepeated(request)
    return fault
  }

  function reportRepeated(request: FastifyRequest): void {
    request.log.warn({ event: 'request.cookie.repeated' })
    reports.audit(request, { type: 'cookie.repeated', actor: ANONYMOUS, outcome: 'refused' })
  }

  return {
    credential,
    csrfFault: (request, asked) => guard.csrfFault(request, asked),
    originFault: (request, host) => guard.originFault(request, host),
    ownSite: [(request, _reply, done) => done(guard.foreignFault(request, request.host))],
    anySession: [requireSession],
    liveSession: [
      refuseForeignCookies,
      requireSession,
      (request, _reply, done) => done(guard.csrfFault(request)),
    ],
  }
}

/** The holder of a session, as the audit trail names people. */
export function holderOf({
  id,
  tenant,
  user,
  client,
}: Pick<VerifiedSession, 'id' | 'tenant' | 'user' | 'client'>) {
  return { actor: subjectKey(tenant, user), tenant, user, client, session: id }
}

function channelFault(request: FastifyRequest, credential: Credential): Problem | undefined {
  const { session } = request
  if (credential.kind !== 'cookie' && credential.kind !== 'bearer') return undefined
  if (isRightChannel(credential.kind, session.client)) return undefined
  request.log.warn({ event: 'session.check.refused', reason: 'channel', sessionId: session.id })
  return new Problem('unauthenticated', undefined, { headers: { 'www-authenticate': REFUSED } })
}
