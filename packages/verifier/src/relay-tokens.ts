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
  type SessionId,
} from '@curfew/contracts'

import { CachedSession } from './cached-session.ts'
import type { VerifiedSession } from './verdict.ts'

export interface RelayTokens {
  /** @throws Error for a session that was not admitted here, and outside the gateway */
  credentialsFor(session: VerifiedSession, audience: Audience): string
}

export function createRelayTokens(own: Audience): RelayTokens {
  return {
    credentialsFor(session, audience) {
      // Elsewhere the proof is a relay value already, from which nothing can be derived.
      if (own !== GATEWAY_AUDIENCE || audience === GATEWAY_AUDIENCE || !(session instanceof CachedSession))
        throw new Error('relay tokens are made from sessions that the verifier of the gateway has admitted')
      return CachedSession.relayCredentialsOf(session, audience, credentialsFrom)
    },
  }
}

function credentialsFrom(proof: string, session: SessionId, audience: Audience): string {
  return `Bearer ${formatRelayToken(session, relayValueFor(proof as SecretHash, audience))}`
}
