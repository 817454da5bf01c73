/**
 * ③ Puts the verifier between a request and its handler.
 * Promise: no handler behind a guard runs without a live session, and outside every refusal looks the same, whichever server
 * and error handler it meets.
 */
import type { ServerResponse } from 'node:http'

import { parseToken, type Permission } from '@curfew/contracts'
import { Problem } from '@curfew/service-kit'
import type { CheckOptions, RefusedReason, VerifiedSession, Verdict, Verifier } from '@curfew/verifier'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import fastifyPlugin from 'fastify-plugin'

import { Admission, type Demands } from './admission.ts'
import { bearerToken } from './bearer.ts'
import {
  challengeOf,
  lackOfAuthentication,
  type RecentAuthentication,
  type RecentDemand,
} from './recent-auth.ts'

export interface CurfewFastifyOptions {
  readonly verifier: Verifier
  /**
   * Where the token is found; the bearer token of `Authorization` when not given. Undefined: the request brings none.
   * May throw a Problem.
   */
  readonly credential?: (request: FastifyRequest) => string | undefined
  /** Told of each credential that is refused, with the reason that the caller never hears. */
  readonly onRefused?: (request: FastifyRequest, reason: RefusedReason) => void
}

type Done = (error?: Error) => void

/** For `onRequest` or `preHandler`. */
export type Guard = (request: FastifyRequest, reply: FastifyReply, done: Done) => void

export interface GuardOptions {
  /**
   * While nobody can be asked: for how long after the lease was last seen to hold a session that is remembered here, and
   * not known to be over, still gets in (@curfew/verifier, CheckOptions). For routes where yesterday's truth does less
   * harm than none; 0 when not given.
   */
  readonly maxStalenessMs?: number
}

interface Checking {
  readonly response: ServerResponse
  readonly demands: Demands
  readonly done: Done
}

const admission = Symbol('curfew.admission')

declare module 'fastify' {
  interface FastifyInstance {
    /** No live session, no handler: 401, or 503 when the truth cannot be had. */
    requireSession: Guard
    /** As requireSession, on a route that may do with what was true a moment ago. */
    requireSessionWithin(maxStalenessMs: number): Guard
    /** As requireSession, and 403 for a session without the permission. */
    requirePermission(permission: string, options?: GuardOptions): Guard
    /**
     * As requireSession, and 401 that says what is needed when the user authenticated too long ago or not as `acr`. To be
     * combined with requirePermission: the request is checked once.
     */
    requireRecentAuth(demand: RecentAuthentication): Guard
  }
  interface FastifyContextConfig {
    /** False on routes whose requests merely last or come by themselves: they keep no idle session alive. */
    isActivity?: boolean
  }
  interface FastifyRequest {
    /** The session that a guard admitted. Throws on a route without a guard. */
    readonly session: VerifiedSession
    /**
     * Fires when the session ends, loses a permission that a guard of this route demanded, or nobody can say whether it
     * has. For responses that go on for long: cut them, do not end them. Watched from the first time it is read until the
     * response is closed.
     */
    readonly sessionSignal: AbortSignal
    /**
     * Checks the session again, with all that the guards of this route demand. For handlers that wait for something slow
     * before they change anything. Rejects with the Problem to answer with.
     */
    recheckSession(): Promise<void>
    [admission]: Admission | undefined
  }
}

const plugin: FastifyPluginCallback<CurfewFastifyOptions> = (app, options, ready) => {
  const { verifier, credential = ({ raw }: FastifyRequest) => bearerToken(raw), onRefused } = options

  function check(request: FastifyRequest, { response, demands, done }: Checking) {
    const token = credential(request)
    if (token === undefined) return done(new Problem('unauthenticated'))
    const conclude = (verdict: Verdict): void => {
      if (verdict.kind === 'refused') onRefused?.(request, verdict.reason)
      if (verdict.kind !== 'admitted') return done(refusalOf(request, token, verdict))
      request[admission] = new Admission(verdict.session, { verifier, response, demands })
      done()
    }
    const verdict = verifier.check(token, new RequestedCheck(request, demands.maxStalenessMs))
    if (verdict instanceof Promise) verdict.then(conclude, done)
    else conclude(verdict)
  }

  function requireSessionWithin(maxStalenessMs: number): Guard {
    return (request, reply, done) => {
      // An earlier guard of this request has asked, no less strictly; the admission begins once.
      const earlier = request[admission]?.demands
      if (earlier !== undefined && earlier.maxStalenessMs <= maxStalenessMs) return done()
      const { permissions = [], recent = [] } = earlier ?? {}
      check(request, { response: reply.raw, demands: { maxStalenessMs, permissions, recent }, done })
    }
  }

  function recheck(request: FastifyRequest, { response, demands }: Admission, done: Done): void {
    check(request, { response, demands, done: (error) => done(error ?? lackOfAny(demands, request)) })
  }

  /** The body may take as long as its sender likes, and the session may meet the demands no longer by then. */
  function requireStill(request: FastifyRequest, _reply: FastifyReply, done: Done): void {
    const before = request[admission]
    if (before === undefined || request.body === undefined) done()
    else recheck(request, before, done)
  }

  function recheckSession(this: FastifyRequest): Promise<void> {
    const before = admissionOf(this, 'recheckSession')
    return new Promise((resolve, reject) =>
      recheck(this, before, (error) => (error === undefined ? resolve() : reject(error))),
    )
  }

  function requirePermission(permission: string, { maxStalenessMs = 0 }: GuardOptions = {}): Guard {
    const requireFreshEnough = requireSessionWithin(maxStalenessMs)
    return (request, reply, done) =>
      requireFreshEnough(request, reply, (error) => {
        const lack = error ?? lackOf(permission as Permission, request)
        if (lack === undefined) request[admission]?.demandPermission(permission as Permission)
        done(lack)
      })
  }

  function requireRecentAuth(demand: RecentAuthentication): Guard {
    // A fault in the code of the service: it must not become a route that anybody may use.
    const recent: RecentDemand = { demand, challenge: challengeOf(demand), verifier }
    return (request, reply, done) =>
      requireSessionWithin(0)(request, reply, (error) => {
        const lack = error ?? lackOfAuthentication(request, recent)
        if (lack === undefined) request[admission]?.demandRecent(recent)
        done(lack)
      })
  }

  // An error handler of the host sends what it likes; what a refusal has to say in headers is there before it.
  app.addHook('onError', (_request, reply, error, done) => {
    if (error instanceof Problem) void reply.headers(error.headers)
    done()
  })
  app.addHook('preHandler', requireStill)
  app.decorateRequest(admission, undefined)
  app.decorateRequest('session', { getter: sessionOf })
  app.decorateRequest('sessionSignal', { getter: signalOf })
  app.decorateRequest('recheckSession', recheckSession)
  app.decorate('requireSession', requireSessionWithin(0))
  app.decorate('requireSessionWithin', requireSessionWithin)
  app.decorate('requirePermission', requirePermission)
  app.decorate('requireRecentAuth', requireRecentAuth)
  ready()
}

export const curfewFastify: FastifyPluginCallback<CurfewFastifyOptions> = fastifyPlugin(plugin, {
  name: '@curfew/fastify',
  fastify: '5.x',
})

/** What Fastify knows of a route is put together each time that it is asked for, and most checks need not know. */
class RequestedCheck implements CheckOptions {
  readonly maxStalenessMs: number
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest, maxStalenessMs: number) {
    this.#request = request
    this.maxStalenessMs = maxStalenessMs
  }

  get isActivity(): boolean {
    return this.#request.routeOptions.config.isActivity ?? true
  }
}

function sessionOf(this: FastifyRequest): VerifiedSession {
  return admissionOf(this, 'session').session
}

function signalOf(this: FastifyRequest): AbortSignal {
  return admissionOf(this, 'sessionSignal').signal
}

function admissionOf(request: FastifyRequest, wanted: string): Admission {
  const found = request[admission]
  if (found === undefined)
    throw new Error(`request.${wanted} needs requireSession or requirePermission on its route`)
  return found
}

function refusalOf(
  request: FastifyRequest,
  token: string,
  verdict: Exclude<Verdict, { kind: 'admitted' }>,
): Problem {
  switch (verdict.kind) {
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

function lackOfAny({ permissions, recent }: Demands, request: FastifyRequest): Problem | undefined {
  for (const permission of permissions) {
    const lack = lackOf(permission, request)
    if (lack !== undefined) return lack
  }
  for (const demand of recent) {
    const lack = lackOfAuthentication(request, demand)
    if (lack !== undefined) return lack
  }
  return undefined
}
