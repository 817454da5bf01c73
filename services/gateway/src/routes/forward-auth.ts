/**
 * ① /forward-auth: a proxy in front asks whether to let a request through, and what to say about its sender.
 * Promise: 200 says that the session is live now, that it has what was demanded, and that no foreign page sent the request.
 */
import type { Audience } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import type { Verifier } from '@curfew/verifier'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'

import type { Boundary } from './boundary.ts'
import { isSafe } from './forgery-guard.ts'

const Name = Type.String({ minLength: 1, maxLength: 128 })
const Query = Type.Object(
  {
    permission: Type.Optional(Type.Union([Name, Type.Array(Name, { maxItems: 16 })])),
    audience: Type.Optional(Name),
  },
  { additionalProperties: false },
)

const BEARER = 'Bearer '

/** Proxies ask with GET, or with the method of the request that they ask about (Envoy). */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

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
    // The body, if the proxy sends it at all, is not ours.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, payload, parsed) => {
      payload.resume()
      parsed(null)
    })
    for (const url of ['/forward-auth', '/forward-auth/*'])
      scope.route<{ Querystring: Static<typeof Query> }>({
        method: METHODS,
        url,
        exposeHeadRoute: false,
        schema: {
          querystring: Query,
          ...described({
            summary: 'For another proxy: may this request pass, and on whose behalf',
            answers: { 200: 'It may; `X-Session-*` and the relay token are in the headers' },
          }),
        },
        onRequest: [...boundary.anySession],
        handler: (request, reply) => {
          const fault = boundary.csrfFault(request, { method: methodAskedFor(request), host: request.host })
          if (fault !== undefined) throw fault
          demand(request, request.query.permission)
          return tell(request, reply, { ...route, audience: request.query.audience })
        },
      })
    done()
  })
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
  // The names hold no comma.
  return reply
    .header('x-session-id', id)
    .header('x-session-tenant', tenant)
    .header('x-session-user', user)
    .header('x-session-client', client)
    .header('x-session-roles', roles.join(','))
    .header('x-session-permissions', [...permissions].join(','))
    .code(200)
    .send()
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
