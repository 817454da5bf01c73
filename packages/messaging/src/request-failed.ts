/**
 * Why a question to another service has no answer.
 * Promise: the code tells the caller what is certain, so that an unknown outcome is never taken for a failure.
 */

/**
 * - `unavailable`: nobody serves it, the connection is down, or the other side failed while answering.
 * - `timeout`: the outcome is unknown; the other side may have done what was asked.
 * - `refused`: the question itself was not well formed and was not acted on.
 * - `malformed`: an answer came that is none; the outcome is unknown.
 */
export type RequestFailedCode = 'unavailable' | 'timeout' | 'refused' | 'malformed'

export class RequestFailed extends Error {
  readonly code: RequestFailedCode
  /** The name of the contract, for logs. */
  readonly request: string

  constructor(code: RequestFailedCode, request: string, cause?: unknown) {
    super(`${request}: ${code}`, cause === undefined ? {} : { cause })
    this.name = 'RequestFailed'
    this.code = code
    this.request = request
  }
}
