/**
 * ① /api/<service>/*: the reverse proxy, streaming both ways.
 * Promise: behind it there is a live session or nothing, and what arrives there opens only that service; an answer that
 * goes on for long ends with its session.
 */
import type { Audience } from '@curfew/contracts'
import { addressKey, Problem, type CurfewServer, hidden } from '@curfew/service-kit'
import type { Verifier } from '@curfew/verifier'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { upstreamPath } from '../domain/api-path.ts'
import type { HeadersForUpstream } from '../domain/relayed-headers.ts'
import type { RequestBodies, RequestBody, Upstream } from '../ports.ts'
import type { Boundary } from './boundary.ts'
import { addressOf } from './caller.ts'
import { RelayedAnswer } from './relayed-answer.ts'

/** Not TRACE, which would show a client what the gateway adds. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

export interface ApiRoutes {
  readonly boundary: Boundary
  readonly verifier: Verifier
  readonly upstreams: ReadonlyMap<Audience, Upstream>
  readonly bodies: RequestBodies
  readonly headersForUpstream: HeadersForUpstream
  readonly isTrustedProxy: (address: string) => boolean
  /** Services that read `%2F` as a part of a segment. */
  readonly encodedSlashes: ReadonlySet<Audience>
}

export function addApiRoutes(app: CurfewServer, routes: ApiRoutes): void {
  const { boundary, upstreams } = routes
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    // Bodies pass through unread, whatever they are.
    scope.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload))
    for (const [service, upstream] of upstreams)
      for (const url of [`/api/${service}`, `/api/${service}/*`])
        scope.route({
          method: METHODS,
          url,
          exposeHeadRoute: false,
          schema: hidden(),
          config: { passesBody: true },
          onRequest: [refuseUpgrade, ...boundary.liveSession],
          handler: (request, reply) => relay(request, reply, { ...routes, service, upstream }),
        })
    done()
  })
}

interface Target extends ApiRoutes {
  readonly service: Audience
  readonly upstream: Upstream
}

function relay(request: FastifyRequest, reply: FastifyReply, target: Target): void {
  // Its session was checked in the meantime, and `close` would not come a second time.
  if (reply.raw.destroyed) return void reply.hijack()
  const path = upstreamPath(request.raw.url ?? '', target.service, target.encodedSlashes.has(target.service))
  if (path === undefined) throw new Problem('bad-request', 'the gateway does not pass on such a path')
  const body = target.bodies.of(request.raw)
  if (body.stream === undefined) return passOn(request, reply, { ...target, path, body })
  passOnWhenUnderWay(request, reply, { ...target, path, body }).catch((error: unknown) => reply.send(error))
}

async function passOnWhenUnderWay(
  request: FastifyRequest,
  reply: FastifyReply,
  passing: Passing,
): Promise<void> {
  await passing.body.underWay
  if (reply.raw.destroyed) return void reply.hijack()
  // The session was checked before the body came.
  if (request.sessionSignal.aborted) throw new Problem('unauthenticated')
  passOn(request, reply, passing)
}

interface Passing extends Target {
  readonly path: string
  readonly body: RequestBody
}

function passOn(request: FastifyRequest, reply: FastifyReply, passing: Passing): void {
  const { service, upstream, verifier, headersForUpstream, path, body } = passing
  const { host } = request
  const prefix = publicPrefix(request, passing.isTrustedProxy)
  const place = { origin: upstream.origin, service, host, prefix }
  const answer = new RelayedAnswer(request, reply, { body, place })
  if (body.fault !== undefined) return answer.refuseBody(body.fault)
  const { session } = request
  const clientAddress = addressOf(request)
  const headers = headersForUpstream(request.headers, {
    credentials: verifier.relayCredentials(session, service),
    requestId: request.id,
    clientAddress,
    protocol: request.protocol,
    host,
    prefix,
  })
  const caller = { session: session.id, address: placeKeyOf(clientAddress) }
  const { method } = request
  const exchange = upstream.forward({ method, path, headers, body: body.stream, caller }, answer)
  answer.comesFrom(exchange)
}

const PREFIX = '/api'
/** Segments that no reader takes for anything else. */
const OUTER_PREFIX = /^(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*){1,8}\/?$/

/** In front of the paths of services, as clients see it; a trusted proxy may have taken a part of it off already. */
function publicPrefix(
  { headers, raw }: FastifyRequest,
  isTrustedProxy: (address: string) => boolean,
): string {
  const outer = headers['x-forwarded-prefix']
  if (typeof outer !== 'string' || !isTrustedProxy(raw.socket.remoteAddress ?? '')) return PREFIX
  return OUTER_PREFIX.test(outer) ? outer.replace(/\/$/, '') + PREFIX : PREFIX
}

/** An IPv4 address as it is: what is worked out for each request has to be little. */
function placeKeyOf(address: string): string {
  return address.includes(':') ? addressKey(address) : address
}

function refuseUpgrade(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const isWebSocket = request.headers.upgrade?.toLowerCase().includes('websocket') === true
  done(isWebSocket ? new Problem('bad-request', 'WebSocket connections are not passed on') : undefined)
}
