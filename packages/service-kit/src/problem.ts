/**
 * A refusal as HTTP callers see it (RFC 9457), thrown by routes and written by the server.
 * Promise: what leaves the process is the code's public title and a detail meant for the caller, never an inner message.
 */
import { PROBLEMS, type ProblemBody, type ProblemCode } from '@curfew/contracts'

export interface ProblemOptions {
  /** Added to the response, for example `WWW-Authenticate` or `Allow`. */
  readonly headers?: Readonly<Record<string, string>>
  /** For the log only. */
  readonly cause?: unknown
}

export class Problem extends Error {
  readonly code: ProblemCode
  /** For the caller to read; must hold nothing that the caller may not know. */
  readonly detail: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** The status once more, under the name that Fastify and most error handlers look for; Fastify also writes to it. */
  readonly statusCode: number

  constructor(code: ProblemCode, detail?: string, options: ProblemOptions = {}) {
    super(detail ?? PROBLEMS[code].title, options.cause === undefined ? {} : { cause: options.cause })
    this.name = 'Problem'
    this.code = code
    this.detail = detail
    this.statusCode = PROBLEMS[code].status
    this.headers = { ...STANDARD_HEADERS[PROBLEMS[code].status], ...options.headers }
  }

  get status(): number {
    return PROBLEMS[this.code].status
  }
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json; charset=utf-8'

export function problemBody(problem: Problem, requestId: string): ProblemBody {
  const { status, title } = PROBLEMS[problem.code]
  return {
    type: `urn:curfew:problem:${problem.code}`,
    title,
    status,
    code: problem.code,
    ...(problem.detail !== undefined && { detail: problem.detail }),
    request_id: requestId,
  }
}

/** What every response of a status must carry. */
const STANDARD_HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'Bearer realm="curfew"' },
  429: { 'retry-after': '1' },
  503: { 'retry-after': '1' },
}
