/**
 * ⑦ Which pages of other origins may send claims from a script: those that the settings name, and none without.
 * Promise: the browser's question beforehand costs no claim; no cookie is ever asked for, and never `*` answered.
 */
import type { IncomingHttpHeaders } from 'node:http'

import { Problem, type CurfewServer } from '@curfew/service-kit'

const METHODS = 'GET, HEAD, POST, PUT'
const HEADERS =
  'authorization, content-digest, content-type, if-match, if-none-match, if-range, range, repr-digest, x-request-id'
const EXPOSED =
  'accept-ranges, content-disposition, content-range, etag, repr-digest, retry-after, x-request-id'
const MAX_AGE_SECONDS = 600

/** Of every answer, refusals included: a page that may send a claim has to be able to read why it was refused. */
export function corsHeaders(
  origins: ReadonlySet<string>,
): (request: IncomingHttpHeaders) => Readonly<Record<string, string>> {
  if (origins.size === 0) return () => ({})
  return ({ origin }) => ({
    // Also where nothing is allowed: a cache between must not serve one origin's answer to another.
    vary: 'Origin',
    ...(origin !== undefined &&
      origins.has(origin) && {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': EXPOSED,
      }),
  })
}

export function answerPreflights(app: CurfewServer, origins: ReadonlySet<string>): void {
  if (origins.size === 0) return
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
