/**
 * Shares of the audit trail that strangers, users and operators may fill.
 * Promise: strangers cannot use up the room in which users' events are kept, nor users that of operators' acts.
 */
import type { SecurityEvent } from '@curfew/contracts'

import type { EventSource } from './audit-record.ts'

/** The groups that share the room of the trail, by what they can cause as often as they like. */
export type Standing = 'stranger' | 'user' | 'operator'

export const STANDINGS = ['stranger', 'user', 'operator'] as const satisfies readonly Standing[]

/** How full the trail may become by events of each standing. */
const SHARES: Readonly<Record<Standing, number>> = { stranger: 0.5, user: 0.8, operator: 1 }

/** Operators' acts, and what the trail says about itself. */
const ACTS = /^(?:audit|grants|revocation|role|suspension)\./
/** An operator's act fits into less than this. */
const ACT_BYTES = 4_096

export interface TrailRoom {
  readonly usedBytes: number
  /** Infinity where nobody has set a limit. */
  readonly maxBytes: number
}

export function standingOf(event: SecurityEvent, source: EventSource): Standing {
  // Anybody can be refused, and nothing has changed by it.
  if (event.outcome === 'refused') return 'stranger'
  // The gateway speaks for users. Ending one's own other sessions is a revocation that every user may make.
  const isOwn = event.type.startsWith('revocation.') && event.actor === `${event.tenant}/${event.user}`
  return source === 'session' && ACTS.test(event.type) && !isOwn ? 'operator' : 'user'
}

/** Whether a part of this size, of what is limited, leaves the rest to those of higher standing. */
export function isWithinShare(standing: Standing, taken: number, most: number): boolean {
  return taken < most * SHARES[standing]
}

export function hasRoomFor(standing: Standing, { usedBytes, maxBytes }: TrailRoom): boolean {
  return isWithinShare(standing, usedBytes + ACT_BYTES, maxBytes)
}
