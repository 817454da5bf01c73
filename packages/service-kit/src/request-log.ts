/**
 * One line and one measurement for each request, when its response has ended, however it ended. The line of a refused request has the reason.
 * Promise: the line holds the route's pattern and never the URL, so that no path parameter and no query gets into the log.
 */
import { LogController, type FastifyBaseLogger, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Histogram } from 'prom-client'

import type { Problem } from './problem.ts'
import { isOurFault } from './problem-of.ts'
import { RequestLogger, type HeldLine } from './request-logger.ts'

/** What a caller that went away before the response began is counted as, after nginx's custom. */
const CLIENT_CLOSED_REQUEST = 499

const QUIET_ROUTES = new Set(['/healthz', '/readyz', '/metrics'])

const problems = new WeakMap<FastifyRequest, Problem>()

/** In place of the framework's own lines about requests, some of which hold URLs. */
export class QuietLogController extends LogController {
  constructor() {
    super({ disableRequestLogging: true, requestIdLogLabel: 'requestId' })
  }

  /** The response broke off after it had begun: too late for a problem. */
  override streamError(error: Error, request: FastifyRequest): void {
    if ('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE') return
    request.log.error({ event: 'http.response.broken', err: error })
  }

  /** A response does not fit the schema that its route declares. */
  override serializerError(error: Error, request: FastifyRequest): void {
    request.log.error({ event: 'http.response.unfit', err: error })
  }

  override writeHeadError(error: Error, request: FastifyRequest): void {
    request.log.error({ event: 'http.response.unfit', err: error })
  }
}

/** Remembers what the request was refused with, for its line. */
export function noteProblem(request: FastifyRequest, problem: Problem): void {
  problems.set(request, problem)
}

/** Call once for each request, before its response can end. */
export function logWhenEnded(
  request: FastifyRequest,
  reply: FastifyReply,
  duration: Histogram<'method' | 'route' | 'status'>,
): void {
  const own = request.log instanceof RequestLogger ? request.log : undefined
  own?.hold(() => !reply.raw.headersSent)
  // Not the onResponse hook: that never comes when the caller goes away in the middle.
  reply.raw.once('close', () => {
    const { raw } = reply
    const { method } = request
    const route = request.routeOptions.url ?? 'unmatched'
    const status = raw.headersSent ? raw.statusCode : CLIENT_CLOSED_REQUEST
    const durationMs = Math.round(reply.elapsedTime * 100) / 100
    duration.observe({ method, route, status }, durationMs / 1_000)
    const line = { event: 'http.request', requestId: request.id, method, route, status, durationMs }
    const { log } = request.server
    const problem = problems.get(request)
    const held = own?.release() ?? []
    const ended = raw.writableFinished ? line : { ...line, aborted: true as const }
    if (problem === undefined) for (const { level, fields } of held) request.log[level](fields)
    write(log, problem === undefined ? ended : mergedLine(ended, held), problem, held.at(-1)?.level)
  })
}

/** The last refusal is what the caller was told; those that led to it are told in it. */
function mergedLine<Line extends object>(line: Line, held: readonly HeldLine[]): Line {
  const last = held.at(-1)
  if (last === undefined) return line
  const before = held.slice(0, -1).map(({ fields }) => fields)
  const { event } = last.fields
  return { ...last.fields, ...line, event, ...(before.length > 0 && { after: before }) }
}

/** Through the logger of the server: most requests need none of their own. */
function write(
  log: FastifyBaseLogger,
  line: { readonly route: string; readonly aborted?: true },
  problem: Problem | undefined,
  heldLevel: HeldLine['level'] = 'info',
): void {
  if (problem === undefined) {
    if (QUIET_ROUTES.has(line.route)) log.debug(line)
    else log.info(line)
    return
  }
  const refused = { ...line, code: problem.code }
  if (isOurFault(problem)) log.error({ ...refused, err: problem.cause ?? problem })
  else if (problem.status >= 500)
    log.warn({ ...refused, ...(problem.cause !== undefined && { err: problem.cause }) })
  else log[heldLevel](refused)
}
