/**
 * ④ How much happens a minute, counted from what the audit trail is told.
 * Promise: numbers only; nobody waits for them, and a tenant's are its own.
 */
import type { SecurityEvent, TenantId } from '@curfew/contracts'

import type { AuditTrail } from './audit-trail.ts'

export const ACTIVITIES = ['logins', 'failed_logins', 'revocations', 'redemptions'] as const
export type Activity = (typeof ACTIVITIES)[number]
export type ActivityCounts = Readonly<Record<Activity, number>>

export interface ActivityCounter {
  /** Never throws and never waits. */
  note(event: SecurityEvent): void
  /** Of every minute from one to another, both included, as minutes since 1970; of everyone without a tenant. */
  read(from: number, to: number, tenant: TenantId | undefined): Promise<readonly ActivityCounts[]>
}

const ACTIVITY_OF: Readonly<Record<string, Activity>> = {
  'session.created': 'logins',
  'login.refused': 'failed_logins',
  'revocation.recorded': 'revocations',
  'claim.redeemed': 'redemptions',
}

/** Undefined for events that are in no series. */
export function activityOf({ type, outcome }: Pick<SecurityEvent, 'type' | 'outcome'>): Activity | undefined {
  return outcome === 'unknown' ? undefined : ACTIVITY_OF[type]
}

/** A trail whose events are counted as well. */
export function countedTrail(trail: AuditTrail, counter: Pick<ActivityCounter, 'note'>): AuditTrail {
  return {
    note(event) {
      counter.note(event)
      trail.note(event)
    },
    canRecord: () => trail.canRecord(),
    append(event, source) {
      counter.note(event)
      return trail.append(event, source)
    },
    settled: (requestId) => trail.settled(requestId),
  }
}

export function minuteOf(ms: number): number {
  return Math.floor(ms / 60_000)
}
