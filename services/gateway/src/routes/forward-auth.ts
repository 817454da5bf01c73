/**
 * ① /forward-auth: a proxy in front asks whether to let a request through, and what to say about its sender.
 * Promise: 200 says that the session is live now, that it has what was demanded, and that no foreign page sent the request.
 */
import type { Audience, UserId } from '@curfew/contracts'
import { Problem, type CurfewServer, described, hidden, isNamedIn } from '@curfew/service-kit'
import type { Verifier } from '@curfew/verifier'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

import type { Boundary } from './boundary.ts'
import { isSafe } from './forgery-guard.ts'

const Name = Type.String({ minLength: 1, maxLength: 128 })
const Demands = Type.Object(
  {
    permission: Type.Optional(Type.Union([Name, Type.Array(Name, { maxItems: 16 })])),
    audience: Type.Optional(Name),
    sign_in: Type.Optional(Type.Literal('redirect')),
  },
  { additionalProperties: false },
)
type Demands = Static<typeof Demands>

/** The demands of a proxy that keeps the client's path and query, in the form of a query. The proxy has to set it. */
const DEMANDS_HEADER = 'x-curfew-demands'

const PATH = '/forward-auth'
const SIGN_IN_PAGE = '/login'
/** A longer way back is left out; the person then lands on the sign-in page's own default. */
const RETURN_TO_CHARACTERS_MAX = 2_048

const BEARER = 'Bearer '

/** Proxies ask with GET, or with the method of the request that they ask about (Envoy). */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** True for what another proxy asks: refusals go to browsers under the name of its application. */
export function isForwardAuth(url: string): boolean {
  return url === PATH || url.startsWith(`${PATH}?`) || url.startsWith(`${PATH}/`)
}

export interface ForwardAuthRoute {
  readonly boundary: Boundary
  readonly verifier: Verifier
  /** Services that may be given relay tokens through a proxy. */
  readonly audiences: ReadonlySet<Audience>
  /** True for the address of a proxy that the settings name. */
  readonly isTrustedProxy: (address: string) => boolean
}

export function addForwardAuthRoute(app: CurfewServer, route: ForwardAuthRoute): void {
  const { boundary } = route
  void app.register((scope, _options, done) => {
    scope.setErrorHandler((error, request, reply) => {
      const signIn = signInFor(request, error)
      if (signIn === undefined) throw error
      return reply.header('cache-control', 'no-store').redirect(signIn, 303)
    })
    const handler = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
      const { host } = request
      const fault =
        boundary.csrfFault(request, { method: methodAskedFor(request), host }) ??
        (opensWebSocket(request) ? boundary.originFault(request, host) : undefined)
      if (fault !== undefined) throw fault
      const demands = demandsOf(request)
      if (demands === undefined)
        throw new Problem('bad-request', `header "${DEMANDS_HEADER}" is not understood`)
      demand(request, demands.permission)
      return tell(request, reply, { ...route, audience: demands.audience })
    }
    const common = {
      method: METHODS,
      exposeHeadRoute: false,
      onRequest: [...boundary.anySession],
      handler,
    }
    scope.route({
      ...common,
      url: PATH,
      schema: {
        querystring: Demands,
        ...described({
          summary: 'For another proxy: may this request pass, and on whose behalf',
          answers: {
            200: 'It may; `X-Session-*` and the relay token are in the headers',
            303: 'A page was opened without a session, and `sign_in=redirect` was asked for',
          },
        }),
      },
    })
    // The query of this form is the client's own, and says nothing about the check.
    scope.route({ ...common, url: `${PATH}/*`, schema: hidden() })
    done()
  })
}

/** Undefined where the demands cannot be understood: then nothing may pass. */
function demandsOf(request: FastifyRequest): Demands | undefined {
  if (isExact(request)) return request.query as Demands
  const said = request.headers[DEMANDS_HEADER]
  if (said === undefined) return {}
  const demands: Record<string, string | string[]> = {}
  for (const [name, value] of new URLSearchParams(said.toString()))
    demands[name] = name in demands ? [demands[name] ?? [], value].flat() : value
  return Value.Check(Demands, demands) ? demands : undefined
}

function isExact(request: FastifyRequest): boolean {
  return request.routeOptions.url === PATH
}

/**
 * Where to send a person who opened a page without a session; undefined for programs, scripts and everything that is not
 * a page. The way back is a path, which the sign-in page checks before it is used.
 */
function signInFor(request: FastifyRequest, error: unknown): string | undefined {
  if (!(error instanceof Problem) || error.code !== 'unauthenticated') return undefined
  if (demandsOf(request)?.sign_in !== 'redirect' || !opensPage(request)) return undefined
  const path = pathAskedFor(request)
  if (path === undefined || path.length > RETURN_TO_CHARACTERS_MAX) return SIGN_IN_PAGE
  return `${SIGN_IN_PAGE}?return_to=${encodeURIComponent(path)}`
}

function opensPage(request: FastifyRequest): boolean {
  const { authorization, accept, 'sec-fetch-mode': mode } = request.headers
  if (authorization !== undefined || !isSafe(methodAskedFor(request))) return false
  return isNamedIn(accept, 'text/html') && (mode === undefined || mode === 'navigate')
}

/** Browsers open one with `GET`, from any page, and with the cookies of this host. */
function opensWebSocket({ headers }: FastifyRequest): boolean {
  return headers.upgrade !== undefined || headers['sec-websocket-key'] !== undefined
}

/** Path and query of the request that the proxy asks about, where it says so. */
function pathAskedFor(request: FastifyRequest): string | undefined {
  if (!isExact(request)) return request.raw.url?.slice(PATH.length)
  const { 'x-forwarded-uri': forwarded, 'x-original-uri': original } = request.headers
  const path = (forwarded ?? original)?.toString()
  return path?.startsWith('/') === true ? path : undefined
}

/** The least safe of what is said: a header that a proxy fails to overwrite must not make a POST a GET. */
function methodAskedFor({ method, headers }: FastifyRequest): string {
  const said = [headers['x-forwarded-method'], headers['x-original-method']].flat()
  const all = [method, ...said.filter((one) => one !== undefined)]
  return all.find((one) => !isSafe(one)) ?? method
}

function demand({ session, log }: FastifyRequest, permission: string | string[] | undefined): void {
  for (const one of [permission ?? []].flat()) {
    if ([...session.permissions].some((held) => held === one)) continue
    log.warn({ event: 'session.permission.refused', permission: one, sessionId: session.id })
    throw new Problem('forbidden', undefined, {
      headers: { 'www-authenticate': 'Bearer realm="curfew", error="insufficient_scope"' },
    })
  }
}

function tell(
  request: FastifyRequest,
  reply: FastifyReply,
  route: ForwardAuthRoute & { readonly audience: string | undefined },
): FastifyReply {
  const { id, tenant, user, client, roles, permissions } = request.session
  const relayed = relayCredentialsFor(request, route)
  if (relayed !== undefined)
    void reply.header('authorization', relayed).header('x-session-relay', relayed.slice(BEARER.length))
  // The other names are ASCII and hold no comma.
  return reply
    .header('x-session-id', id)
    .header('x-session-tenant', tenant)
    .header('x-session-user', encodedUser(user))
    .header('x-session-client', client)
    .header('x-session-roles', roles.join(','))
    .header('x-session-permissions', [...permissions].join(','))
    .code(200)
    .send()
}

/**
 * As text of a header. What the alphabet of the other names lacks is percent-encoded, `%` itself as well: `decodeURIComponent` gives
 * back exactly the id, and no two ids have the same text.
 */
function encodedUser(user: UserId): string {
  return user.replaceAll(/[^A-Za-z0-9._@+:|~-]/gu, encodeURIComponent)
}

/** Only for a proxy that is named: whoever else got one could speak to the service past everything in front of it. */
function relayCredentialsFor(
  request: FastifyRequest,
  {
    audience,
    audiences,
    isTrustedProxy,
    verifier,
  }: ForwardAuthRoute & { readonly audience: string | undefined },
): string | undefined {
  if (audience === undefined) return undefined
  if (!isTrustedProxy(request.raw.socket.remoteAddress ?? '') || !audiences.has(audience as Audience))
    throw new Problem('forbidden', 'no relay tokens of this audience are given out here')
  return verifier.relayCredentials(request.session, audience as Audience)
}
