/**
 * The connections to the gateway or to the session authority.
 * Promise: whoever hangs behind them holds up a call for a bounded time, and what the page gives up is given up there.
 */
import { Problem } from '@curfew/service-kit'
import { Pool } from 'undici'

import type { Backend, BackendAnswer, BackendCall } from '../ports.ts'

/** Calls under way, streams of events included; more would mean that somebody does not read. */
const UNDER_WAY_MAX = 256
const CONNECT_TIMEOUT_MS = 2_000
/** A revocation waits for every lease to run out before it is confirmed without a verifier. */
const HEADERS_TIMEOUT_MS = 30_000
/** Streams of events show a sign of life every fifteen seconds. */
const SILENCE_TIMEOUT_MS = 60_000

export interface BackendConnections extends Backend {
  close(): Promise<void>
}

export function createBackend(origin: string): BackendConnections {
  const pool = new Pool(origin, {
    connections: UNDER_WAY_MAX,
    pipelining: 1,
    connectTimeout: CONNECT_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    bodyTimeout: SILENCE_TIMEOUT_MS,
    allowH2: false,
  })
  let underWay = 0

  async function call({ method, path, headers, body, signal }: BackendCall): Promise<BackendAnswer> {
    if (underWay >= UNDER_WAY_MAX) throw new Problem('unavailable', 'too many calls at once')
    underWay += 1
    try {
      const answer = await pool.request({ method, path, headers, body: body ?? null, signal })
      answer.body.once('close', () => (underWay -= 1))
      // It may be cut off before anyone listens, and an error that nobody hears ends the process.
      answer.body.on('error', () => undefined)
      return { status: answer.statusCode, headers: answer.headers, body: answer.body }
    } catch (cause) {
      underWay -= 1
      throw new Problem('unavailable', 'the service behind the console does not answer', { cause })
    }
  }

  return { call, close: () => pool.destroy() }
}
