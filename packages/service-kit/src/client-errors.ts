/**
 * Answers what never becomes a request: headers that are too large, bytes that are not HTTP, requests that do not arrive.
 * Promise: these callers get a problem with a request id as well, and what they sent is not logged.
 */
import { randomUUID } from 'node:crypto'
import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

import type { FastifyBaseLogger } from 'fastify'

import { Problem, PROBLEM_MEDIA_TYPE, problemBody } from './problem.ts'

export interface ClientError extends Error {
  readonly code?: string
}

/** @param lastAnswered connections that have got an answer after which they are closed: another one would be taken for a part of it */
export function answerClientError(
  error: ClientError,
  socket: Socket,
  { logger, lastAnswered }: { logger: FastifyBaseLogger; lastAnswered: WeakSet<Socket> },
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || lastAnswered.has(socket)) return
  const problem = problemFor(error.code)
  const requestId = randomUUID()
  // The error also holds the packet itself, credentials and all; only its code is logged.
  logger.info({
    event: 'http.rejected',
    requestId,
    status: problem.status,
    code: problem.code,
    reason: error.code,
  })
  if (!socket.writable || isAnswering(socket)) socket.destroy()
  else socket.end(rawResponse(problem, requestId))
}

function problemFor(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return new Problem('headers-too-large')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Problem('request-timeout')
  return new Problem('bad-request', 'this is not an HTTP request that the server understands')
}

/** Bytes within another response would be taken for its body. Node's own handler looks at the same member. */
function isAnswering(socket: Socket): boolean {
  const { _httpMessage: response } = socket as Socket & { readonly _httpMessage?: ServerResponse | null }
  // One that is ended has passed all its bytes on, in order, also where the socket has not let go of it yet.
  return response?.headersSent === true && !response.writableEnded
}

function rawResponse(problem: Problem, requestId: string): string {
  const body = JSON.stringify(problemBody(problem, requestId))
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `Content-Type: ${PROBLEM_MEDIA_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n')
}
