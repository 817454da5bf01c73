/**
 * ② Compares what a token proves with what the authority answered.
 * Promise: no I/O, no clock; whoever admits a session has seen its proof match and its time not run out.
 */
import {
  GATEWAY_AUDIENCE,
  hashSecret,
  type Audience,
  type RelayToken,
  type Resolved,
  type SecretHash,
  type SessionInfo,
  type SessionToken,
} from '@curfew/contracts'

import type { RefusedReason, VerifiedSession } from './verdict.ts'

export type Judgement =
  | { readonly kind: 'admitted'; readonly session: VerifiedSession; readonly proof: SecretHash | undefined }
  | { readonly kind: 'refused'; readonly reason: RefusedReason }

/** The gateway meets the clients' own tokens, everyone else relay tokens; neither accepts the other's. */
export function isForAudience(token: SessionToken | RelayToken, audience: Audience): boolean {
  return token.kind === (audience === GATEWAY_AUDIENCE ? 'session' : 'relay')
}

/** @param elapsedMs since the question was sent, so that a late answer does not lengthen a session */
export function judge(token: SessionToken | RelayToken, resolved: Resolved, elapsedMs: number): Judgement {
  if (resolved.status === 'refused') return { kind: 'refused', reason: resolved.reason }
  const presented = token.kind === 'session' ? hashSecret(token.secret) : token.value
  // `===` on purpose: both sides are digests of 256 random bits. What timing could reveal is the stored digest,
  // and knowing a part of that does not help to find a secret that hashes to it.
  if (presented !== resolved.proof) return { kind: 'refused', reason: 'mismatch' }
  if (elapsedMs >= resolved.idleRemainingMs || elapsedMs >= resolved.remainingMs)
    return { kind: 'refused', reason: 'expired' }
  return {
    kind: 'admitted',
    session: toVerified(resolved.session),
    proof: token.kind === 'session' ? (presented as SecretHash) : undefined,
  }
}

function toVerified(info: SessionInfo): VerifiedSession {
  return { ...info, permissions: new Set(info.permissions) }
}
