/**
 * Request bodies before a route sees them.
 * Promise: JSON is taken as it was sent or refused, never repaired: two passwords that differ in a byte stay two. A route that
 * wants no body takes any, whatever type it names, and does not wait for it.
 */
import { isUtf8 } from 'node:buffer'

import type { FastifyRequest, preParsingHookHandler } from 'fastify'

import type { CurfewServer } from './curfew-server.ts'
import { elementsOf } from './header-grammar.ts'
import { Problem } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True on routes that hand the body on as it comes: nothing of it or of its headers is looked at before. */
    passesBody?: boolean
  }
}

export function addRequestBodies(app: CurfewServer): void {
  app.removeContentTypeParser('text/plain')
  const parse = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const fault = faultIn(request, body)
    if (fault !== undefined) return done(fault)
    void parse(request, body.toString('utf8'), (error, value) =>
      done(error ?? (isWellFormed(value) ? null : malformed()), value),
    )
  })
  app.addHook('onRoute', (route) => {
    if (route.config?.passesBody === true) return
    const own = [route.preParsing ?? []].flat() as preParsingHookHandler[]
    route.preParsing = [route.schema?.body === undefined ? ignoreBody : refuseCoding, ...own]
  })
}

/** The framework looks for a parser by the type that the request names, and answers 415 where there is none. */
const BODYLESS = { 'content-type': undefined, 'content-length': '0', 'transfer-encoding': undefined }

const ignoreBody: preParsingHookHandler = (request, _reply, _payload, done) => {
  const { 'content-type': type, 'transfer-encoding': coding, 'content-length': length } = request.headers
  if (type !== undefined || coding !== undefined || length !== undefined) request.headers = BODYLESS
  done()
}

const refuseCoding: preParsingHookHandler = ({ headers }, _reply, _payload, done) => {
  const coding = headers['content-encoding']
  if (coding === undefined || coding.toLowerCase() === 'identity') return done()
  // RFC 9110 §12.5.3: says that the coding is what is wrong, and not the type.
  const options = { headers: { 'accept-encoding': 'identity' } }
  done(new Problem('unsupported-media-type', 'the body must not be compressed', options))
}

function faultIn({ headers }: FastifyRequest, body: Buffer): Problem | undefined {
  const [type, ...others] = elementsOf(headers['content-type'] ?? '') ?? []
  if (type === undefined || others.length > 0)
    return new Problem('unsupported-media-type', 'header "content-type" is malformed')
  if (!/^utf-?8$/i.test(type.parameters.get('charset') ?? 'utf-8'))
    return new Problem('unsupported-media-type', 'JSON is UTF-8')
  return isUtf8(body) ? undefined : malformed()
}

/** Half a surrogate pair, which JSON can hold as `\ud800`, would become U+FFFD like every other one. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormed(member))
}

function malformed(): Problem {
  return new Problem('bad-request', 'the body is not valid UTF-8')
}
