/**
 * ① Which pages of other origins may read answers of the gateway: those that the settings name, and none without.
 * Promise: an origin is compared as a whole and echoed exactly; never `*`, never what a stranger has sent.
 */
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const HEADERS =
  'authorization, content-type, idempotency-key, if-match, if-none-match, range, x-csrf-token, x-request-id'
const EXPOSED =
  'content-disposition, content-range, etag, ratelimit, ratelimit-policy, repr-digest, retry-after, www-authenticate, x-request-id'
const PREFLIGHT_MAX_AGE_SECONDS = 600

/** Before the routes are added: it has to see them, so that each answers the browser's question about it. */
export function addCors(app: CurfewServer, origins: ReadonlySet<string>): void {
  app.addHook('onRequest', (request, reply, done) => {
    // Also where nothing is allowed: a cache between must not serve one origin's answer to another.
    void reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin === undefined || !origins.has(origin)) return done()
    allow(reply, origin)
    if (!isPreflight(request)) return done()
    void reply
      .header('access-control-allow-methods', METHODS)
      .header('access-control-allow-headers', HEADERS)
      .header('access-control-max-age', String(PREFLIGHT_MAX_AGE_SECONDS))
      .code(204)
      .send()
  })
  if (origins.size > 0) answerOptionsOf(app)
}

function allow(reply: FastifyReply, origin: string): void {
  void reply
    .header('access-control-allow-origin', origin)
    .header('access-control-allow-credentials', 'true')
    .header('access-control-expose-headers', EXPOSED)
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

/** A path without OPTIONS would be 405 before any hook of ours is asked. */
function answerOptionsOf(app: CurfewServer): void {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url)
    for (const one of [method].flat()) (known ?? new Set()).add(one)
    if (known !== undefined || [method].flat().includes('OPTIONS')) return
    const allowed = new Set([method].flat())
    methods.set(url, allowed)
    app.options(url, () => {
      throw new Problem('method-not-allowed', undefined, { headers: { allow: [...allowed].join(', ') } })
    })
  })
}
