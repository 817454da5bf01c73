/**
 * ④ Whether a session is valid, by everything the log and the store say about it.
 * Promise: refusals need one reason, admission needs all checks; a session born before a revocation that covers it is over.
 */
import type { ClientId, Position, RefusalReason, SessionId, TenantId } from '@curfew/contracts'

import type { SubjectFacts, Watermark } from '../log/facts.ts'
import type { WideFacts } from '../log/wide-facts.ts'
import { isExpired, type SessionRecord } from './session-record.ts'

/** The part of a session, existing or to be created, that revocations are held against. */
export interface Born {
  /** Absent before the session exists: no revocation can have spared it. */
  readonly id?: SessionId
  readonly tenant: TenantId
  readonly client: ClientId
  readonly birth: Position
}

export interface Evidence {
  readonly subject: SubjectFacts
  readonly wide: WideFacts
  /** Set when this very session has been ended and the store may not show it yet. */
  readonly endedAt?: Position | undefined
}

export type Verdict = 'live' | Exclude<RefusalReason, 'unknown'>

export function judge(session: SessionRecord, evidence: Evidence, nowMs: number): Verdict {
  // Revocation comes first: it is for ever, so its answer may be remembered for ever.
  if (isRevoked(session, evidence)) return 'revoked'
  if (isSuspended(session.tenant, evidence)) return 'suspended'
  if (isExpired(session, nowMs)) return 'expired'
  return 'live'
}

export function isRevoked(born: Born, { subject, wide, endedAt }: Evidence): boolean {
  if (endedAt !== undefined && born.birth < endedAt) return true
  return [wide.global, wide.tenant(born.tenant), wide.client(born.client), subject.watermark].some(
    (watermark) => isCovered(born, watermark),
  )
}

/** Whether something that came after `at` is among what decides against the session. */
export function isDecidedSince(at: Position, born: Born, { subject, wide }: Evidence): boolean {
  const watermarks = [wide.global, wide.tenant(born.tenant), wide.client(born.client), subject.watermark]
  const suspensions = [subject.suspension, wide.tenantSuspension(born.tenant)]
  return (
    watermarks.some((watermark) => watermark && watermark.position > at && isCovered(born, watermark)) ||
    suspensions.some((suspension) => suspension && suspension.position > at && suspension.suspended)
  )
}

export function isSuspended(tenant: TenantId, { subject, wide }: Evidence): boolean {
  return subject.suspension?.suspended === true || wide.tenantSuspension(tenant)?.suspended === true
}

function isCovered({ id, birth }: Born, watermark: Watermark | undefined): boolean {
  if (watermark === undefined || birth >= watermark.position) return false
  return id === undefined || !watermark.except.includes(id)
}
