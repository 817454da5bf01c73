/**
 * ① The relay tokens of the sessions that the gateway has admitted.
 * Promise: a session object never carries the hash that they are made from.
 */
import {
  GATEWAY_AUDIENCE,
  formatRelayToken,
  relayValueFor,
  type Audience,
  type SecretHash,
} from '@curfew/contracts'

import type { VerifiedSession } from './verdict.ts'

interface Relay {
  readonly secretHash: SecretHash
  readonly tokens: Map<Audience, string>
}

export interface RelayTokens {
  remember(session: VerifiedSession, secretHash: SecretHash): void
  /** @throws Error for a session that was never remembered */
  tokenFor(session: VerifiedSession, audience: Audience): string
}

/** Secret hashes live beside the sessions, not in them, so that no log line and no answer can carry one. */
export function createRelayTokens(): RelayTokens {
  const known = new WeakMap<VerifiedSession, Relay>()
  return {
    remember(session: VerifiedSession, secretHash: SecretHash): void {
      known.set(session, { secretHash, tokens: new Map() })
    },
    tokenFor(session: VerifiedSession, audience: Audience): string {
      const relay = known.get(session)
      if (relay === undefined || audience === GATEWAY_AUDIENCE)
        throw new Error('relay tokens are made from sessions that the verifier of the gateway has admitted')
      const made =
        relay.tokens.get(audience) ?? formatRelayToken(session.id, relayValueFor(relay.secretHash, audience))
      relay.tokens.set(audience, made)
      return made
    },
  }
}
