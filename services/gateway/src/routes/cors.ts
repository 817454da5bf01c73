/**
 * ① Which pages of other origins may read answers of the gateway: those that the settings name, and none without.
 * Promise: an origin is compared as a whole and echoed exactly; never `*`, never what a stranger has sent.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

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

/**
 * Says what pages of the origins may send, at every path: at an unknown one as well, so that the page reads that it is unknown
 * instead of a failed connection.
 */
export function preflightHeaders(
  origins: ReadonlySet<string>,
): (request: IncomingMessage) => Readonly<Record<string, string>> | undefined {
  return ({ method, headers: { origin, 'access-control-request-method': asked } }) =>
    method === 'OPTIONS' && asked !== undefined && origin !== undefined && origins.has(origin)
      ? {
          'access-control-allow-methods': METHODS,
          'access-control-allow-headers': HEADERS,
          'access-control-max-age': String(PREFLIGHT_MAX_AGE_SECONDS),
        }
      : undefined
}
