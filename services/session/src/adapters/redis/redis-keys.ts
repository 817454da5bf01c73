/**
 * ④ The names of everything in Redis.
 * Promise: whatever happens at once happens within one key, so that Redis Cluster can hold it; no id can reach into another key.
 */
import { hash } from 'node:crypto'

import type { SessionId, SubjectKey, TenantId } from '@curfew/contracts'

export const KEYS = {
  /** The position up to which everything below is complete. */
  applied: 'curfew:applied',
  /** Which log that is a position in: `<epoch, six digits> <id of the log>`. */
  log: 'curfew:log',
  wide: 'curfew:wide',
  /** Members `<position> <id>`, all with score 0, so that they sort by position. */
  revocations: 'curfew:revocations',
  revocation: (id: string) => `curfew:revocation:${id}`,
  /** How many sessions a revocation ended, and whether its target was known. */
  revocationCount: (id: string) => `curfew:revocation-count:${id}`,
  /** A revocation that waits for a second operator, and all of them by when they expire. */
  approval: (id: string) => `curfew:approval:${id}`,
  approvals: 'curfew:approvals',
  /** Those of the operators of one tenant, `<id> <operator>`: they share a limit. */
  pendingApprovals: (tenant: TenantId) => `curfew:approvals:${tenant}`,
  /** The subjects that the log has said something about that lasts, in as many parts as INDEX_PARTS. */
  subjectIndex: (part: number) => `curfew:subject-index:${part}`,
  /** Tenants that the log has said something about that lasts, all with score 0, so that they sort by name. */
  tenants: 'curfew:tenants',
  /** Of one tenant, the users that the log has said something about that lasts, sorted in the same way. */
  tenantUsers: (tenant: TenantId) => `curfew:tenant-users:${tenant}`,
  /** Tenants that have had sessions, and the users of one, for as long as the last of these could live: sorted by name. */
  sessionTenants: 'curfew:session-tenants',
  sessionUsers: (tenant: TenantId) => `curfew:session-users:${tenant}`,
  /** Those names, `tenant/user` and `tenant`, by until when they are listed, in as many parts as INDEX_PARTS. */
  namesDue: (part: number) => `curfew:session-names:${part}`,
  /** Set once the names of the sessions of before there were such lists are in them. */
  namesListed: 'curfew:session-names-listed',
  session: (id: SessionId) => `curfew:session:${id}`,
  /** What the log has said about a user, and their sessions. */
  subject: (subject: SubjectKey) => `curfew:user:${subject}`,
  /** All sessions by idle deadline, in as many parts as INDEX_PARTS. */
  sessionIndex: (part: number) => `curfew:session-index:${part}`,
  claim: (issuer: string, claimId: string) =>
    // Hashed, because both come from outside; the lengths make the pair unambiguous.
    `curfew:claim:${hash('sha256', `${issuer.length}:${issuer}${claimId}`, 'base64url')}`,
  /** Before the hash of whom it counts. */
  throttle: (policy: string) => `curfew:throttle:${policy}`,
  /** What happened in one minute, in numbers. */
  activity: (minute: number) => `curfew:activity:${minute}`,
  /** The last record of the audit trail that a replica has written: position and hash. */
  auditHead: 'curfew:audit-head',
} as const

/** Spreads an index over the slots of a cluster; part of the layout of the data, not a setting. */
export const INDEX_PARTS = 16

/** Session ids are random, so their letters spread evenly. */
export function indexPartOf(id: SessionId): number {
  return (id.charCodeAt(0) * 31 + id.charCodeAt(1)) % INDEX_PARTS
}

/** Names begin alike. */
export function indexPartOfName(name: SubjectKey | TenantId): number {
  let sum = 0
  for (let index = 0; index < name.length; index += 1) sum = (sum * 31 + name.charCodeAt(index)) % 65_521
  return sum % INDEX_PARTS
}
