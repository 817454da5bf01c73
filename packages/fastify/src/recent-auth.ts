/**
 * ③ What a route may demand of the authentication behind a session (RFC 9470).
 * Promise: the age is counted by this process alone, and never too low; who is refused is told what would do.
 */
import { Problem } from '@curfew/service-kit'
import type { Verifier } from '@curfew/verifier'
import type { FastifyRequest } from 'fastify'

/** How recently, and how strongly, somebody must have authenticated for the session. */
export interface RecentAuthentication {
  readonly maxAgeSeconds: number
  /** The level that is needed, where the age alone is not enough; of `aal1` to `aal3` a higher one will do. */
  readonly acr?: string
}

/** What stands between quotes in a header. */
const ACR = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/

/** @throws RangeError for a demand that cannot be met or cannot be said */
export function challengeOf({ maxAgeSeconds, acr }: RecentAuthentication): string {
  if (!Number.isSafeInteger(maxAgeSeconds) || maxAgeSeconds < 0)
    throw new RangeError('maxAgeSeconds is a whole number of seconds, 0 or more')
  if (acr !== undefined && !ACR.test(acr)) throw new RangeError('acr is one word without quotes')
  const levels = acr === undefined ? '' : `, acr_values="${acr}"`
  return `Bearer realm="curfew", error="insufficient_user_authentication", max_age="${maxAgeSeconds}"${levels}`
}

export interface RecentDemand {
  readonly demand: RecentAuthentication
  readonly challenge: string
  readonly verifier: Verifier
}

/** Of a request whose session was admitted. */
export function lackOfAuthentication(
  request: FastifyRequest,
  { demand: { maxAgeSeconds, acr }, challenge, verifier }: RecentDemand,
): Problem | undefined {
  const { session } = request
  const isLevelMet = acr === undefined || isAtLeast(session.acr, acr)
  if (isLevelMet && verifier.authAgeMs(session) <= maxAgeSeconds * 1_000) return undefined
  const reason = isLevelMet ? 'too-old' : 'too-weak'
  request.log.warn({ event: 'session.authentication.refused', reason, sessionId: session.id })
  return new Problem('insufficient-authentication', 'authenticate again, then repeat the request', {
    headers: { 'www-authenticate': challenge },
  })
}

const LEVELS = ['aal1', 'aal2', 'aal3']

function isAtLeast(reached: string, needed: string): boolean {
  return reached === needed || (LEVELS.includes(needed) && LEVELS.indexOf(reached) > LEVELS.indexOf(needed))
}
