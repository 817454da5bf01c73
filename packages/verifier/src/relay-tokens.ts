/**
 * ① The relay tokens of the sessions that the gateway has admitted.
 * Promise: computed once per session and audience, and only from what this process holds of the session itself.
 */
import {
  GATEWAY_AUDIENCE,
  formatRelayToken,
  relayValueFor,
  type Audience,
  type SecretHash,
} from '@curfew/contracts'

import { CachedSession } from './cached-session.ts'
import type { VerifiedSession } from './verdict.ts'

export interface RelayTokens {
  /** @throws Error for a session that was not admitted here, and outside the gateway */
  tokenFor(session: VerifiedSession, audience: Audience): string
}

export function createRelayTokens(own: Audience): RelayTokens {
  const made = new WeakMap<VerifiedSession, Map<Audience, string>>()

  function tokenFor(session: VerifiedSession, audience: Audience): string {
    const tokens = made.get(session)
    const known = tokens?.get(audience)
    if (known !== undefined) return known
    // Elsewhere the proof is a relay value already, from which nothing can be derived.
    if (own !== GATEWAY_AUDIENCE || audience === GATEWAY_AUDIENCE || !(session instanceof CachedSession))
      throw new Error('relay tokens are made from sessions that the verifier of the gateway has admitted')
    const value = relayValueFor(CachedSession.proofOf(session) as SecretHash, audience)
    const token = formatRelayToken(session.id, value)
    if (tokens === undefined) made.set(session, new Map([[audience, token]]))
    else tokens.set(audience, token)
    return token
  }

  return { tokenFor }
}
