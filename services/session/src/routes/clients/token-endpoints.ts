/**
 * ④ What `/introspect` and `/revoke` share: forms in, client credentials, and the errors of OAuth 2.0 (RFC 6749 §5.2).
 * Promise: only those errors that OAuth defines have its shape; everything else is a problem as everywhere.
 */
import { formFields, Problem, type CurfewServer } from '@curfew/service-kit'
import { Type } from 'typebox'

/** Members that nobody knows are ignored, as OAuth wants it; one that comes twice is refused. */
export const TokenForm = Type.Object(
  {
    token: Type.String({ minLength: 1, maxLength: 8_192 }),
    token_type_hint: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: true },
)

type OAuthErrorCode = 'invalid_request' | 'invalid_client' | 'unsupported_token_type'

/** A refusal in the shape of OAuth. */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode

  constructor(code: OAuthErrorCode, description: string) {
    super(description)
    this.name = 'OAuthError'
    this.code = code
  }
}

/** What they take instead of JSON. */
export const FORM = ['application/x-www-form-urlencoded']

export function addTokenEndpoints(
  app: CurfewServer,
  problemOf: (error: unknown) => unknown,
  add: (endpoints: CurfewServer) => void,
): void {
  app.register(async (endpoints: CurfewServer) => {
    endpoints.removeAllContentTypeParsers()
    endpoints.addContentTypeParser<Buffer>(FORM, { parseAs: 'buffer' }, (_request, body, done) => {
      const fields = formFields(body)
      done(fields === undefined ? new Problem('bad-request', 'the form is malformed') : null, fields)
    })
    endpoints.setErrorHandler((error, _, reply) => {
      const oauth = oauthErrorOf(error)
      if (oauth === undefined) throw problemOf(error)
      const { code, message: description } = oauth
      const challenge =
        error instanceof Problem && error.code === 'invalid-client' ? error.headers : undefined
      return reply
        .code(code === 'invalid_client' ? 401 : 400)
        .headers(challenge ?? {})
        .send({ error: code, error_description: description })
    })
    add(endpoints)
  })
}

function oauthErrorOf(error: unknown): OAuthError | undefined {
  if (error instanceof OAuthError) return error
  if (!(error instanceof Problem)) return undefined
  if (error.code === 'invalid-client') return new OAuthError('invalid_client', error.message)
  if (error.code === 'bad-request') return new OAuthError('invalid_request', error.message)
  return undefined
}
