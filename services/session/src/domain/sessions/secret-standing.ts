/**
 * ④ What a secret is to a session: the one in place, the one before it within its time, or one that has had its time.
 * Promise: a secret that was never the session's is unknown, whoever presents it: it says nothing about the session.
 */
import type { SecretHash } from '@curfew/contracts'

import type { SessionRecord } from './session-record.ts'

export type SecretStanding = 'current' | 'previous' | 'predecessor' | 'unknown'

/**
 * @param atMs when it was presented. Compared as text: what timing could tell is a part of a stored hash, which does not
 * help to find the secret.
 */
export function standingOf(session: SessionRecord, secretHash: SecretHash, atMs: number): SecretStanding {
  const { predecessors = [], overlapEndsMs = 0 } = session
  if (secretHash === session.secretHash) return 'current'
  const index = predecessors.indexOf(secretHash)
  if (index === -1) return 'unknown'
  return index === 0 && atMs < overlapEndsMs ? 'previous' : 'predecessor'
}

/** The secret before is still accepted: the first use of the present one cuts that short. */
export function isOverlapOpen({ overlapEndsMs = 0 }: SessionRecord, atMs: number): boolean {
  return atMs < overlapEndsMs
}
