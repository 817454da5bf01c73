/**
 * ① /api/<service>/*: the reverse proxy, streaming both ways.
 * Promise: behind it there is a live session or nothing, and what arrives there opens only that service; an answer that
 * goes on for long ends with its session.
 */
import type { OutgoingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'

import type { Audience } from '@curfew/contracts'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { Verifier } from '@curfew/verifier'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { upstreamPath } from '../domain/api-path.ts'
import { headersForClient, headersForUpstream } from '../domain/relayed-headers.ts'
import type { RequestBodies, Upstream, UpstreamAnswer } from '../ports.ts'
import type { Boundary } from './boundary.ts'
import { addressOf } from './caller.ts'

/** Not TRACE, which would show a client what the gateway adds. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

/** Every response closes at last; without a reason, each would make an exception with its stack. */
const CLOSED = new Error('the response is closed')

export interface ApiRoutes {
  readonly boundary: Boundary
  readonly verifier: Verifier
  readonly upstreams: ReadonlyMap<Audience, Upstream>
  readonly bodies: RequestBodies
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

async function relay(request: FastifyRequest, reply: FastifyReply, target: Target): Promise<void> {
  const { service, upstream, verifier, bodies } = target
  // Its session was checked in the meantime, and `close` would not come a second time.
  if (reply.raw.destroyed) return void reply.hijack()
  const path = upstreamPath(request.raw.url ?? '', service)
  if (path === undefined) throw new Problem('bad-request', 'the gateway does not pass on such a path')
  const body = bodies.of(request.raw)
  if (body.isTooLarge) throw new Problem('payload-too-large')

  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort(CLOSED))
  const answer = await upstream.forward({
    method: request.method,
    path,
    headers: headersForUpstream(request.headers, {
      relayToken: verifier.relayToken(request.session, service),
      requestId: request.id,
      clientAddress: addressOf(request),
      protocol: request.protocol,
    }),
    body: body.stream,
    signal: gone.signal,
  })
  if (answer.kind !== 'answered') body.stream?.destroy()
  if (reply.raw.destroyed) return abandon(reply, answer)
  if (answer.kind !== 'answered') throw problemOf(answer, body.isTooLarge)
  pass(request, reply, answer)
}

/** Both have a say in what an answer depends on. */
function variesOn(ours: number | string | string[] | undefined, theirs: string | undefined): string {
  return [ours ?? [], theirs ?? []].flat().join(', ')
}

type Answered = Extract<UpstreamAnswer, { kind: 'answered' }>

function pass(request: FastifyRequest, reply: FastifyReply, { status, headers, body }: Answered): void {
  const outgoing: OutgoingHttpHeaders = {}
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) outgoing[name] = value
  Object.assign(outgoing, headersForClient(headers))
  outgoing['vary'] = variesOn(reply.getHeader('vary'), headers.vary)
  try {
    reply.raw.writeHead(status, outgoing)
  } catch (cause) {
    body.destroy()
    throw new Problem('upstream-failed', undefined, { cause })
  }
  reply.hijack()
  // A stream of events shows its headers before its first event; a body of known length follows at once.
  if (headers['content-length'] === undefined) reply.raw.flushHeaders()
  // A cut answer reaches the client as cut, never as complete; a client that goes away is `gone`, which ends the body.
  body.once('error', () => reply.raw.destroy())
  body.pipe(reply.raw)
  if (!isShort(headers['content-length'])) cutWithSession(request, reply, body)
}

/** What an answer may hold that is on its way at once: the request was admitted before, and may finish. */
const SHORT_BYTES_MAX = 64 * 1024

function isShort(contentLength: string | undefined): boolean {
  return contentLength !== undefined && Number(contentLength) <= SHORT_BYTES_MAX
}

/** Event streams and downloads: neither end may take what has come by then for the whole. */
function cutWithSession({ sessionSignal }: FastifyRequest, reply: FastifyReply, body: Readable): void {
  const cut = (): void => {
    body.destroy()
    reply.raw.destroy()
  }
  if (sessionSignal.aborted) cut()
  else sessionSignal.addEventListener('abort', cut, { once: true })
}

function problemOf(answer: Exclude<UpstreamAnswer, Answered>, isBodyTooLarge: boolean): Problem {
  if (isBodyTooLarge) return new Problem('payload-too-large')
  const { kind, cause } = answer
  return new Problem(kind === 'failed' ? 'upstream-failed' : 'unavailable', undefined, { cause })
}

function abandon(reply: FastifyReply, answer: UpstreamAnswer): void {
  if (answer.kind === 'answered') answer.body.destroy()
  reply.hijack()
}

function refuseUpgrade(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const isWebSocket = request.headers.upgrade?.toLowerCase().includes('websocket') === true
  done(isWebSocket ? new Problem('bad-request', 'WebSocket connections are not passed on') : undefined)
}
