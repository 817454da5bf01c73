/**
 * ④ The names of everything in Redis.
 * Promise: what one script touches shares a hash tag, so that Redis Cluster can hold it; no id can reach into another key.
 */
import { hash } from 'node:crypto'

import type { SessionId, SubjectKey } from '@curfew/contracts'

export const KEYS = {
  /** The position up to which everything below is complete. */
  applied: 'curfew:applied',
  wide: 'curfew:wide',
  /** Members `<position> <id>`, all with score 0, so that they sort by position. */
  revocations: 'curfew:revocations',
  revocation: (id: string) => `curfew:revocation:${id}`,
  session: (id: SessionId) => `curfew:session:{${id}}`,
  subject: (subject: SubjectKey) => `curfew:user:{${subject}}`,
  subjectSessions: (subject: SubjectKey) => `curfew:user-sessions:{${subject}}`,
  /** All sessions by idle deadline, in as many parts as SESSION_INDEX_PARTS. */
  sessionIndex: (part: number) => `curfew:session-index:${part}`,
  claim: (issuer: string, claimId: string) =>
    // Hashed, because both come from outside; the lengths make the pair unambiguous.
    `curfew:claim:{${hash('sha256', `${issuer.length}:${issuer}${claimId}`, 'base64url')}}`,
} as const

/** Spreads the index over the slots of a cluster; part of the layout of the data, not a setting. */
export const SESSION_INDEX_PARTS = 16

/** Session ids are random, so their letters spread evenly. */
export function indexPartOf(id: SessionId): number {
  return (id.charCodeAt(0) * 31 + id.charCodeAt(1)) % SESSION_INDEX_PARTS
}
