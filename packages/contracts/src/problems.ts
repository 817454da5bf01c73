/**
 * Every refusal that an HTTP caller can meet (RFC 9457), with its status: the table that documentation and tests are held to.
 * Promise: a code, once published, keeps its meaning; callers match on `code`, never on prose.
 */
export const PROBLEMS = {
  'bad-request': { status: 400, title: 'The request is not well formed' },
  'ambiguous-credentials': { status: 400, title: 'Send a cookie or a bearer token, not both' },
  unauthenticated: { status: 401, title: 'A valid session is required' },
  'invalid-credentials': { status: 401, title: 'User name or password is wrong' },
  'insufficient-authentication': { status: 401, title: 'A more recent authentication is required' },
  'invalid-client': { status: 401, title: 'Client credentials are missing or wrong' },
  'claim-invalid': { status: 401, title: 'The claim is not acceptable' },
  forbidden: { status: 403, title: 'The session lacks a permission that this needs' },
  'csrf-rejected': { status: 403, title: 'The request does not prove that it comes from this site' },
  'claim-mismatch': { status: 403, title: 'The claim is for something else' },
  'prefetch-refused': { status: 403, title: 'This is served once, and not in advance' },
  'claim-withdrawn': { status: 403, title: 'The session behind the claim is over' },
  'quota-exceeded': { status: 403, title: 'There are as many of these as there may be' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  conflict: { status: 409, title: 'The request conflicts with the current state' },
  'claim-spent': { status: 409, title: 'The claim has been used' },
  'precondition-failed': { status: 412, title: 'The resource has changed since it was read' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The content type is not accepted here' },
  'range-not-satisfiable': { status: 416, title: 'The range lies outside the content' },
  'digest-mismatch': { status: 422, title: 'The content does not match its digest' },
  'size-mismatch': { status: 422, title: 'The content is shorter than was declared' },
  'idempotency-key-reused': { status: 422, title: 'The idempotency key was used for another request' },
  'permissions-too-large': { status: 422, title: 'These are more permissions than there may be' },
  'password-unacceptable': { status: 422, title: 'The new password is not acceptable' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'The request headers are too large' },
  internal: { status: 500, title: 'Something went wrong here' },
  'not-implemented': { status: 501, title: 'The request asks for something that is not done here' },
  'upstream-failed': { status: 502, title: 'The service behind the gateway did not answer properly' },
  unavailable: { status: 503, title: 'The answer cannot be had right now' },
  'audit-unavailable': { status: 503, title: 'The audit trail cannot record this, so it was not done' },
  'log-full': { status: 503, title: 'The log has no room: nothing was recorded' },
  'storage-full': { status: 507, title: 'There is no room for the content' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof PROBLEMS

/** `application/problem+json` as every service answers it. */
export interface ProblemBody {
  readonly type: `urn:curfew:problem:${ProblemCode}`
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail?: string
  readonly request_id: string
}
