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
  tokenFor(session: VerifiedSession, audience: Audience): string
}

export function createRelayTokens(own: Audience): RelayTokens {
  return {
    tokenFor(session, audience) {
      // Elsewhere the proof is a relay value already, from which nothing can be derived.
      if (own !== GATEWAY_AUDIENCE || audience === GATEWAY_AUDIENCE || !(session instanceof CachedSession))
        throw new Error('relay tokens are made from sessions that the verifier of the gateway has admitted')
      return CachedSession.relayTokenOf(session, audience, relayTokenFrom)
    },
  }
}

function relayTokenFrom(proof: string, session: SessionId, audience: Audience): string {
  return formatRelayToken(session, relayValueFor(proof as SecretHash, audience))
}
