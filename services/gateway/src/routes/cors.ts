/**
 * ① Which pages of other origins may read answers of the gateway: those that the settings name, and none without.
 * Promise: an origin is compared as a whole and echoed exactly; never `*`, never what a stranger has sent.
 */
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const HEADERS =
  'authorization, content-type, idempotency-key, if-match, if-none-match, range, x-csrf-token, x-request-id'
const EXPOSED =
  'content-disposition, content-range, etag, ratelimit, ratelimit-policy, repr-digest, retry-after, www-authenticate, x-request-id'
const PREFLIGHT_MAX_AGE_SECONDS = 600

/** Of every answer, refusals included: a page that may call has to be able to read why it was refused. */
export function corsHeaders(
  origins: ReadonlySet<string>,
): (request: IncomingHttpHeaders) => Readonly<Record<string, string>> {
  // Also where nothing is allowed: a cache between must not serve one origin's answer to another.
  const closed = { vary: 'Origin' }
  return ({ origin }) =>
    origin === undefined || !origins.has(origin)
      ? closed
      : {
          ...closed,
          'access-control-allow-origin': origin,
          'access-control-allow-credentials': 'true',
          'access-control-expose-headers': EXPOSED,
        }
}

/** Before the routes are added: it has to see them, so that each answers the browser's question about it. */
export function answerPreflights(app: CurfewServer, origins: ReadonlySet<string>): void {
  if (origins.size === 0) return
  app.addHook('onRequest', (request, reply, done) => {
    if (!isPreflight(request, origins)) return done()
    void reply
      .header('access-control-allow-methods', METHODS)
      .header('access-control-allow-headers', HEADERS)
      .header('access-control-max-age', String(PREFLIGHT_MAX_AGE_SECONDS))
      .code(204)
      .send()
  })
  answerOptionsOf(app)
}

function isPreflight({ method, headers }: FastifyRequest, origins: ReadonlySet<string>): boolean {
  const { origin, 'access-control-request-method': asked } = headers
  return method === 'OPTIONS' && asked !== undefined && origin !== undefined && origins.has(origin)
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
