/**
 * The HTTP server of every service: limits, request ids, problem details, one log line a request, orderly close.
 * Promise: whatever a caller sends, it gets an answer of a known shape within known limits, and nothing inner leaks into it.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'

import { currentRequestId, isRequestId, onBehalfOf } from '@curfew/contracts'
import { fastify, type FastifyBaseLogger, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Histogram, Registry } from 'prom-client'

import { answerClientError } from './client-errors.ts'
import type { CurfewServer } from './curfew-server.ts'
import { limitConnections } from './connections.ts'
import { drainOnClose, type Draining } from './draining.ts'
import { listItems } from './header-grammar.ts'
import { refuseForeignHosts } from './loopback-hosts.ts'
import { noteLastAnswers } from './last-answers.ts'
import { httpDuration } from './metrics.ts'
import type { ListenAddress } from './listen-address.ts'
import { addOperationsRoutes } from './operations.ts'
import { createServerOfTurns } from './pipelined-requests.ts'
import { Problem, PROBLEM_MEDIA_TYPE, problemBody } from './problem.ts'
import { problemOf } from './problem-of.ts'
import type { ReadinessCheck } from './readiness.ts'
import { logWhenEnded, noteProblem, QuietLogController } from './request-log.ts'
import { RequestLogger } from './request-logger.ts'
import { addRequestBodies } from './request-bodies.ts'
import { createRouteMethods, type RouteMethods } from './route-methods.ts'
import { limitBodies } from './unread-bodies.ts'
import { compileValidator } from './validation.ts'

export interface HttpServerOptions {
  readonly service: string
  readonly logger: FastifyBaseLogger
  readonly registry: Registry
  readonly readiness: readonly ReadinessCheck[]
  /** 64 KiB when not given. */
  readonly bodyLimitBytes?: number
  /** How long a request may take to arrive in full, 30 s when not given; 0 for as long as it keeps arriving. */
  readonly requestTimeoutMs?: number
  /** True for a proxy whose word about the client counts (`X-Forwarded-*`); nobody's does when not given. */
  readonly isTrustedProxy?: (address: string) => boolean
  /** Headers of every answer, refusals of the server included, that say which origins may read it. */
  readonly answerHeaders?: (request: IncomingHttpHeaders) => Readonly<Record<string, string>>
  /** Headers of the 204 that answers a browser's question before a call (CORS), at whatever path; undefined for any other request. */
  readonly answerPreflight?: (request: IncomingMessage) => Readonly<Record<string, string>> | undefined
  /** A quarter of them may come from one address that is no trusted proxy; 8,192 when not given. */
  readonly connectionsMax?: number
  /** Where `/healthz`, `/readyz` and `/metrics` are served, and nothing else. */
  readonly operations: ListenAddress
}

const BODY_LIMIT_BYTES = 64 * 1024
const HEADERS_LIMIT_BYTES = 16 * 1024
const HEADERS_TIMEOUT_MS = 10_000
const CONNECTIONS_MAX = 8_192
/** Of all connections, so many may be sending a body that the server waits for. */
const SHARE_OF_BODIES = 1 / 8
const REQUEST_TIMEOUT_MS = 30_000
/** Longer than the idle timeout of common load balancers, so that they and not we end idle connections. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000
/** Nothing sent or received for this long; streams of events must show a sign of life more often. */
const CONNECTION_TIMEOUT_MS = 90_000
/** A user id of 255 bytes, each percent-encoded. */
const PARAMETER_LIMIT = 3 * 255

/** Listens nowhere yet. `leave()` makes it not ready and changes nothing else; `close()` refuses new requests, lets those under way finish, and closes the operations port last. */
export function createHttpServer(options: HttpServerOptions): CurfewServer {
  const { app, draining } = createServer(options)
  const { service, logger, registry } = options
  // Without the settings of the public port: origins, proxies and long bodies.
  const { app: operations } = createServer({ logger, registry })
  const check = (): true | string => {
    if (draining.isLeaving()) return 'stopping'
    // The operations port opens first.
    return app.server.listening || 'starting'
  }
  addOperationsRoutes(operations, {
    service,
    registry,
    readiness: [{ name: 'service', check }, ...options.readiness],
  })
  refuseForeignHosts(operations, options.operations.host)
  app.decorate('operationsUrl', () => operations.listeningOrigin)
  app.addHook('onReady', async () => {
    await operations.listen(options.operations)
  })
  app.addHook('onClose', () => operations.close())
  return app
}

type ListenerOptions = Omit<HttpServerOptions, 'service' | 'readiness' | 'operations'>

function createServer(options: ListenerOptions): { app: CurfewServer; draining: Draining } {
  const { logger, registry } = options
  const beginning = { duration: httpDuration(registry), answerHeaders: options.answerHeaders }
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  const lastAnswered = new WeakSet<Socket>()
  const app: CurfewServer = fastify({
    serverFactory: (handle) =>
      createServerOfTurns(nodeOptions(requestTimeout), handle, lastAnswered).setTimeout(
        CONNECTION_TIMEOUT_MS,
      ),
    loggerInstance: logger,
    logController: new QuietLogController(),
    genReqId: requestIdOf,
    rewriteUrl: toOriginForm,
    childLoggerFactory: (parent, bindings, settings) =>
      // Routes may have settings of their own for it; ours have none.
      Object.keys(settings).length > 0
        ? parent.child(bindings, settings)
        : new RequestLogger(parent, bindings),
    trustProxy: options.isTrustedProxy ?? false,
    bodyLimit: options.bodyLimitBytes ?? BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: PARAMETER_LIMIT },
    // The framework's own answer while closing is not a problem either.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      begin(request, reply, beginning)
      sendProblem(error, request, reply)
    },
    clientErrorHandler: (error, socket) => answerClientError(error, socket, { logger, lastAnswered }),
  })

  // RFC 9110 lets a server ignore an expectation that it does not know; Node would answer 417 without a body.
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  noteLastAnswers(app, lastAnswered)
  addRequestBodies(app)
  app.setValidatorCompiler(compileValidator)
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))

  const { connectionsMax = CONNECTIONS_MAX, isTrustedProxy = () => false } = options
  limitConnections(app, { registry, connectionsMax, isTrustedProxy })
  limitBodies(app, { arrivingMax: Math.ceil(connectionsMax * SHARE_OF_BODIES), isTrustedProxy })
  const draining = drainOnClose(app)
  app.decorate('leave', () => draining.leave())
  const methods = createRouteMethods()
  app.addHook('onRoute', ({ url, method, config }) => methods.add(url, method, config?.isGap))
  app.addHook('onRequest', (request, reply, done) => {
    begin(request, reply, beginning)
    const fault = draining.isStopping()
      ? new Problem('unavailable', 'this replica is stopping')
      : faultOfMessage(request)
    const preflight = fault === undefined ? options.answerPreflight?.(request.raw) : undefined
    if (preflight !== undefined) return void reply.code(204).headers(preflight).send()
    onBehalfOf(request.id, () => done(fault ?? faultOfTarget(request, methods)))
  })
  // What comes after the body has arrived is called by the parser, which belongs to the connection.
  app.addHook('preValidation', (request, _, done) => {
    if (currentRequestId() === request.id) done()
    else onBehalfOf(request.id, done)
  })
  return { app, draining }
}

function nodeOptions(requestTimeout: number): ServerOptions {
  return {
    requestTimeout,
    // Node looks at the request's timeout only after that of its headers.
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeout || HEADERS_TIMEOUT_MS),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: HEADERS_LIMIT_BYTES,
    // Node would answer a missing Host header by itself, without a problem: `begin` does it instead.
    requireHostHeader: false,
  }
}

/** A fault of the request itself, whatever its target. */
function faultOfMessage(request: FastifyRequest): Problem | undefined {
  if (request.raw.httpVersion === '1.1' && request.headers.host === undefined)
    return new Problem('bad-request', 'header "host" is missing')
  // RFC 9112 §3.2. Node would go by the first of two, a proxy in front perhaps by the second.
  if (isHostRepeated(request.raw.rawHeaders)) return new Problem('bad-request', 'header "host" is repeated')
  const coding = request.headers['transfer-encoding']
  return coding === undefined || coding === 'chunked' ? undefined : faultOfCoding(coding)
}

/** A fault of the request's target, found before any route sees the request. */
function faultOfTarget(request: FastifyRequest, methods: RouteMethods): Problem | undefined {
  // Before the body is read: nobody wants it.
  if (request.is404) return notFound(methods.of(request.url.split('?', 1)[0] ?? ''))
  // The router takes `/documents/` for `/documents/:id` with an empty id.
  return hasEmptyParameter(request.params) ? new Problem('not-found') : undefined
}

/** Node undoes chunks alone: what else has been done to the body would be taken for the content. */
function faultOfCoding(field: string): Problem | undefined {
  const codings = listItems(field.toLowerCase())
  const close = { headers: { connection: 'close' } }
  // RFC 9112 §6.3: nothing else says where the body ends. §6.1: once.
  if (codings.indexOf('chunked') !== codings.length - 1)
    return new Problem('bad-request', 'the last transfer coding must be chunked, and no other', close)
  // RFC 9112 §6.1.
  if (codings.length > 1)
    return new Problem('not-implemented', 'the transfer coding is not known here', close)
  return undefined
}

function isHostRepeated(rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1
  }
  return count > 1
}

const ABSOLUTE_FORM = /^https?:\/\/([^/?#@]+)(.*)$/i

/** RFC 9112 §3.2.2: a target in absolute form is taken as well, and says the host instead of the header. */
function toOriginForm(request: IncomingMessage): string {
  const { url = '' } = request
  if (url.startsWith('/')) return url
  const [, authority, path = ''] = ABSOLUTE_FORM.exec(url) ?? []
  if (authority === undefined) return url
  request.headers.host = authority
  return path.startsWith('/') ? path : `/${path}`
}

/** A caller's id is kept only if it is harmless in a log line and a header. It proves nothing: callers can share one. */
function requestIdOf(request: IncomingMessage): string {
  const id = request.headers['x-request-id']
  return isRequestId(id) ? id : randomUUID()
}

interface Beginning {
  readonly duration: Histogram<'method' | 'route' | 'status'>
  readonly answerHeaders: HttpServerOptions['answerHeaders']
}

function begin(request: FastifyRequest, reply: FastifyReply, { duration, answerHeaders }: Beginning): void {
  reply.header('x-request-id', request.id)
  reply.header('x-content-type-options', 'nosniff')
  reply.header('cache-control', 'no-store')
  if (answerHeaders !== undefined) void reply.headers(answerHeaders(request.headers))
  logWhenEnded(request, reply, duration)
}

function hasEmptyParameter(params: unknown): boolean {
  for (const name in params as Record<string, unknown>)
    if (name !== '*' && (params as Record<string, unknown>)[name] === '') return true
  return false
}

function notFound(allowed: string[]): Problem {
  if (allowed.length === 0) return new Problem('not-found')
  return new Problem('method-not-allowed', undefined, { headers: { allow: allowed.join(', ') } })
}

/** Headers that spoke of the content which is now not sent. */
const CONTENT_HEADERS = ['content-disposition', 'content-encoding', 'content-range', 'etag', 'last-modified']

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error)
  noteProblem(request, problem)
  for (const name of CONTENT_HEADERS) reply.removeHeader(name)
  void reply
    .code(problem.status)
    .header('cache-control', 'no-store')
    .headers(problem.headers)
    .type(PROBLEM_MEDIA_TYPE)
    .send(JSON.stringify(problemBody(problem, request.id)))
}
