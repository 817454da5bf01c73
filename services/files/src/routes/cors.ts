/**
 * ⑦ Which pages of other origins may send claims from a script: those that the settings name, and none without.
 * Promise: the browser's question beforehand costs no claim; no cookie is ever asked for, and never `*` answered.
 */
import { Problem, type CurfewServer } from '@curfew/service-kit'

const METHODS = 'GET, HEAD, POST, PUT'
const HEADERS =
  'authorization, content-digest, content-type, if-match, if-none-match, if-range, range, repr-digest, x-request-id'
const EXPOSED =
  'accept-ranges, content-disposition, content-range, etag, repr-digest, retry-after, x-request-id'
const MAX_AGE_SECONDS = 600

export function addCors(app: CurfewServer, origins: ReadonlySet<string>): void {
  if (origins.size === 0) return
  app.addHook('onRequest', (request, reply, done) => {
    // Also where nothing is allowed: a cache between must not serve one origin's answer to another.
    void reply.header('vary', 'Origin')
    const { origin } = request.headers
    if (origin !== undefined && origins.has(origin))
      void reply.headers({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': EXPOSED,
      })
    done()
  })
  app.options('/files/:id', (request, reply) => {
    const { origin, 'access-control-request-method': method } = request.headers
    if (origin === undefined || method === undefined || !origins.has(origin))
      throw new Problem('method-not-allowed', undefined, { headers: { allow: METHODS } })
    return reply
      .code(204)
      .headers({
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': HEADERS,
        'access-control-max-age': String(MAX_AGE_SECONDS),
      })
      .send()
  })
}
