/**
 * ③ Puts the verifier between a request and its handler.
 * Promise: no handler behind a guard runs without a live session, and outside every refusal looks the same.
 */
import { parseToken, type Permission } from '@curfew/contracts'
import { Problem } from '@curfew/service-kit'
import type { RefusedReason, VerifiedSession, Verdict, Verifier } from '@curfew/verifier'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { bearerToken } from './bearer.ts'

export interface CurfewFastifyOptions {
  readonly verifier: Verifier
  /**
   * Where the token is found; the bearer token of `Authorization` when not given. Undefined: the request brings none.
   * May throw a Problem.
   */
  readonly credential?: (request: FastifyRequest) => string | undefined
}

/** For `onRequest` or `preHandler`. */
export type Guard = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void

const admitted = Symbol('curfew.session')

declare module 'fastify' {
  interface FastifyInstance {
    /** No live session, no handler: 401, or 503 when the truth cannot be had. */
    requireSession: Guard
    /** As requireSession, and 403 for a session without the permission. */
    requirePermission(permission: string): Guard
  }
  interface FastifyRequest {
    /** The session that a guard admitted. Throws on a route without a guard. */
    readonly session: VerifiedSession
    [admitted]: VerifiedSession | undefined
  }
}

const plugin: FastifyPluginCallback<CurfewFastifyOptions> = (app, options, ready) => {
  const { verifier, credential = ({ raw }: FastifyRequest) => bearerToken(raw) } = options

  function requireSession(
    request: FastifyRequest,
    _reply: FastifyReply,
    done: (error?: Error) => void,
  ): void {
    // An earlier guard of this request has asked; the admission begins once.
    if (request[admitted] !== undefined) return done()
    const token = credential(request)
    if (token === undefined) return done(new Problem('unauthenticated'))
    const conclude = (verdict: Verdict): void => done(refusalOf(request, token, verdict))
    const verdict = verifier.check(token)
    if (verdict instanceof Promise) verdict.then(conclude, done)
    else conclude(verdict)
  }

  function requirePermission(permission: string): Guard {
    return (request, reply, done) =>
      requireSession(request, reply, (error) => done(error ?? lackOf(permission as Permission, request)))
  }

  app.decorateRequest(admitted, undefined)
  app.decorateRequest('session', { getter: sessionOf })
  app.decorate('requireSession', requireSession)
  app.decorate('requirePermission', requirePermission)
  ready()
}

export const curfewFastify: FastifyPluginCallback<CurfewFastifyOptions> = fastifyPlugin(plugin, {
  name: '@curfew/fastify',
  fastify: '5.x',
})

function sessionOf(this: FastifyRequest): VerifiedSession {
  const session = this[admitted]
  if (session === undefined)
    throw new Error('request.session needs requireSession or requirePermission on its route')
  return session
}

/** Remembers the session on the request, or says why there is none. */
function refusalOf(request: FastifyRequest, token: string, verdict: Verdict): Problem | undefined {
  switch (verdict.kind) {
    case 'admitted':
      request[admitted] = verdict.session
      return undefined
    case 'refused':
      reportRefusal(request, token, verdict.reason)
      return new Problem('unauthenticated', undefined, {
        headers: { 'www-authenticate': 'Bearer realm="curfew", error="invalid_token"' },
      })
    case 'unsure':
      request.log.warn({ event: 'session.check.unsure', sessionId: parseToken(token)?.sessionId })
      return new Problem('unavailable', undefined, {
        headers: { 'retry-after': String(Math.max(1, Math.ceil(verdict.retryAfterMs / 1000))) },
      })
  }
}

/** The reason stays inside: the verifier counts it, the log tells it. */
function reportRefusal(request: FastifyRequest, token: string, reason: RefusedReason): void {
  request.log.warn({ event: 'session.check.refused', reason, sessionId: parseToken(token)?.sessionId })
}

function lackOf(permission: Permission, request: FastifyRequest): Problem | undefined {
  const { id, permissions } = request.session
  if (permissions.has(permission)) return undefined
  request.log.warn({ event: 'session.permission.refused', permission, sessionId: id })
  return new Problem('forbidden', undefined, {
    headers: { 'www-authenticate': 'Bearer realm="curfew", error="insufficient_scope"' },
  })
}
