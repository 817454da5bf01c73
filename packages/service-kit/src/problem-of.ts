/**
 * Maps whatever a route or the framework throws to a problem.
 * Promise: an error that nobody foresaw is `internal` and tells nothing; a lost dependency is `unavailable`, never a verdict.
 */
import { PROBLEMS, type ProblemCode } from '@curfew/contracts'

import { Problem } from './problem.ts'

/** Said in our own words: the framework's messages quote the request. */
const FRAMEWORK_DETAILS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not valid JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as the request says',
  FST_ERR_BAD_URL: 'the path is not a valid URL path',
  FST_ERR_MAX_PARAM_LENGTH: 'a part of the path is too long',
}

const CODE_BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'bad-request',
  404: 'not-found',
  405: 'method-not-allowed',
  413: 'payload-too-large',
  414: 'bad-request',
  415: 'unsupported-media-type',
  429: 'too-many-requests',
  431: 'headers-too-large',
  502: 'upstream-failed',
  503: 'unavailable',
  504: 'upstream-failed',
}

/** Codes are matched, not classes: the errors come from packages that this one does not depend on. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (!(error instanceof Error)) return new Problem('internal', undefined, { cause: error })
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (isLostDependency(error.name, code)) return new Problem('unavailable', undefined, { cause: error })

  const status = 'statusCode' in error ? error.statusCode : undefined
  // Of errors that carry a status, only the framework's speak about this request; a client library's speak about its own.
  const isFrameworks =
    code.startsWith('FST_') || status === 429 || (status === 400 && error instanceof SyntaxError)
  const known = isFrameworks && typeof status === 'number' ? CODE_BY_STATUS[status] : undefined
  if (known === undefined) return new Problem('internal', undefined, { cause: error })
  return new Problem(known, FRAMEWORK_DETAILS[code], { cause: error })
}

function isLostDependency(name: string, code: string): boolean {
  if (code === 'REDIS_UNAVAILABLE') return true
  return name === 'RequestFailed' && (code === 'unavailable' || code === 'timeout')
}

/** Whether someone must look at it. */
export function isOurFault(problem: Problem): boolean {
  return PROBLEMS[problem.code].status >= 500 && problem.code !== 'unavailable'
}
