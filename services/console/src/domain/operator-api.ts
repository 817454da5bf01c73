/**
 * What of the session authority's API is an operator's, and so can be called through the console.
 * Promise: nothing else passes; above all nothing whose answer holds a token.
 */

export interface OperatorCall {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** As a route, with `:parameters`. */
  readonly path: string
  readonly takesBody?: true
}

const get = (path: string): OperatorCall => ({ method: 'GET', path })
const post = (path: string): OperatorCall => ({ method: 'POST', path, takesBody: true })
const postNothing = (path: string): OperatorCall => ({ method: 'POST', path })
const put = (path: string): OperatorCall => ({ method: 'PUT', path, takesBody: true })

export const OPERATOR_CALLS: readonly OperatorCall[] = [
  get('/v1/sessions'),
  get('/v1/sessions/:id'),
  get('/v1/revocations'),
  post('/v1/revocations'),
  get('/v1/revocations/:id'),
  postNothing('/v1/revocations/:id/approve'),
  postNothing('/v1/revocations/:id/reject'),
  get('/v1/approvals'),
  get('/v1/tenants'),
  get('/v1/subjects'),
  get('/v1/subjects/:tenant/:user/grants'),
  put('/v1/subjects/:tenant/:user/grants'),
  post('/v1/subjects/:tenant/:user/suspend'),
  post('/v1/subjects/:tenant/:user/resume'),
  get('/v1/roles'),
  put('/v1/tenants/:tenant/roles/:role'),
  post('/v1/tenants/:tenant/suspend'),
  post('/v1/tenants/:tenant/resume'),
  get('/v1/verifiers'),
  get('/v1/limits'),
  get('/v1/statistics'),
  get('/v1/audit'),
  get('/v1/audit/verify'),
  get('/v1/events'),
]

const TO_API = ['accept', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'last-event-id']
const TO_PAGE = [
  'content-type',
  'etag',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-accel-buffering',
]

type Received = Readonly<Record<string, string | string[] | undefined>>

export function headersForApi(received: Received): Record<string, string> {
  return only(TO_API, received)
}

export function headersForPage(received: Received): Record<string, string> {
  return only(TO_PAGE, received)
}

function only(names: readonly string[], received: Received): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of names) {
    const value = received[name]
    if (typeof value === 'string') headers[name] = value
  }
  return headers
}

/**
 * The path of a call, put together anew from what the router has read out of the one that came.
 * Undefined for a parameter that would be a step within the path.
 */
export function pathOf({ path }: OperatorCall, parameters: Received, search: string): string | undefined {
  const segments = path.split('/').map((segment) => {
    if (!segment.startsWith(':')) return segment
    const value = parameters[segment.slice(1)]
    return typeof value === 'string' && !/^\.{0,2}$/.test(value) ? encodeURIComponent(value) : undefined
  })
  return segments.includes(undefined) ? undefined : segments.join('/') + search
}
