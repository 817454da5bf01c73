/**
 * ① ③ The connections to one service behind the gateway.
 * Promise: a service that hangs takes its own connections and nothing else; what is given up here is given up there.
 */
import { Pool } from 'undici'

import type { Upstream, UpstreamAnswer, UpstreamRequest } from '../ports.ts'

export interface UpstreamConnections extends Upstream {
  close(): Promise<void>
}

/** Requests under way at one service, counted until the answer's last byte; beyond this it is overloaded. */
const UNDER_WAY_MAX = 512
const CONNECT_TIMEOUT_MS = 2_000

/** Errors of a connection that never came about: the service has seen nothing of the request. */
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** @param silenceTimeoutMs how long the service may send nothing, before and during its answer */
export function createUpstream(origin: string, silenceTimeoutMs: number): UpstreamConnections {
  const pool = new Pool(origin, {
    // As many as may be under way, so that no request waits behind a slow one without a limit in time.
    connections: UNDER_WAY_MAX,
    pipelining: 1,
    connectTimeout: CONNECT_TIMEOUT_MS,
    headersTimeout: silenceTimeoutMs,
    bodyTimeout: silenceTimeoutMs,
    allowH2: false,
  })
  let underWay = 0

  async function forward({ method, path, headers, body, signal }: UpstreamRequest): Promise<UpstreamAnswer> {
    if (underWay >= UNDER_WAY_MAX) return { kind: 'busy' }
    underWay += 1
    try {
      const answer = await pool.request({ method, path, headers, body: body ?? null, signal })
      answer.body.once('close', () => (underWay -= 1))
      // It may be cut off before anyone listens, and an error that nobody hears ends the process.
      answer.body.on('error', () => undefined)
      return { kind: 'answered', status: answer.statusCode, headers: answer.headers, body: answer.body }
    } catch (cause) {
      underWay -= 1
      return { kind: wasNotSent(cause) ? 'unreachable' : 'failed', cause }
    }
  }

  return { forward, close: () => pool.destroy() }
}

function wasNotSent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && NOT_SENT.has(String(error.code))
}
