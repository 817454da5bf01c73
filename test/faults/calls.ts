/**
 * Requests whose outcome is noted, whatever it is.
 */
import {
  formatRelayToken,
  hashSecret,
  parseToken,
  relayValueFor,
  type Audience,
  type SessionToken,
} from '@curfew/contracts'

import type { Outcome } from './history.ts'

export interface Call {
  readonly method?: string
  readonly path: string
  readonly authorization: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly patienceMs: number
}

export interface Answer {
  readonly startMs: number
  readonly endMs: number
  /** Undefined: nobody answered. */
  readonly response:
    | { readonly status: number; readonly retryAfter: boolean; readonly json: unknown }
    | undefined
}

export async function call(
  url: string,
  { method = 'GET', path, patienceMs, ...sent }: Call,
): Promise<Answer> {
  const startMs = performance.now()
  try {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: sent.authorization,
        ...(sent.json !== undefined && { 'content-type': 'application/json' }),
        ...sent.headers,
      },
      ...(sent.json !== undefined && { body: JSON.stringify(sent.json) }),
      signal: AbortSignal.timeout(patienceMs),
    })
    const text = await response.text()
    const { status, headers } = response
    const json: unknown = text === '' ? undefined : JSON.parse(text)
    const retryAfter = headers.has('retry-after')
    return { startMs, endMs: performance.now(), response: { status, retryAfter, json } }
  } catch (error) {
    // Only a broken connection or lost patience ends here.
    if (!(error instanceof TypeError) && !(error instanceof DOMException)) throw error
    return { startMs, endMs: performance.now(), response: undefined }
  }
}

export function outcomeOf({ response }: Answer, isAdmission: (status: number) => boolean): Outcome {
  if (response === undefined) return 'unreachable'
  const { status, retryAfter } = response
  return isAdmission(status) ? 'admitted' : { status, retryAfter }
}

/** What the gateway makes of a client's token for the documents service. */
export function relayTokenOf(token: string): string {
  const { sessionId, secret } = parseToken(token) as SessionToken
  return formatRelayToken(sessionId, relayValueFor(hashSecret(secret), 'documents' as Audience))
}
