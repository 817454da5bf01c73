/**
 * Announces the lease length before a replica becomes a member.
 * Promise: the change of a lease length names the longest lease that may still be running, even when several replicas change it at once.
 */
import { randomBytes } from 'node:crypto'

import { ORIGIN, type LogEntry, type MemberId, type EntryHead } from '@curfew/contracts'
import { systemClock } from '@curfew/protocol'

import type { Coordinator } from '../membership/coordinator.ts'
import type { Expected, Publication } from './ports.ts'
import { Unavailable } from './unavailable.ts'

export interface Announcing {
  readonly coordinator: Coordinator
  readonly leaseMs: number
  readonly publish: (entry: LogEntry, expected: Expected) => Promise<Publication>
  readonly catchUp: () => Promise<boolean>
  /** The common fields of this replica's entries, each time with another id. */
  readonly head: () => EntryHead
}

const MAX_ATTEMPTS = 5

/** Ids are never reused: whatever is said to a member concerns this process alone. */
export function newReplicaId(): MemberId {
  return `session-${randomBytes(8).toString('hex')}` as MemberId
}

/** @throws Unavailable when the log does not take it, or others keep changing it. */
export async function announceLeaseLength(announcing: Announcing): Promise<void> {
  const { coordinator, leaseMs, publish, catchUp, head } = announcing
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const known = coordinator.announcedLease
    if (known?.leaseMs === leaseMs) return
    const previousLeaseMs = coordinator.longestLeaseMs(systemClock())
    const entry = { ...head(), type: 'config', leaseMs, previousLeaseMs } as const
    const published = await publish(entry, { last: known?.position ?? ORIGIN })
    if (published.kind === 'unknown') throw new Unavailable('log-not-followed')
    // Another replica has announced a length meanwhile: see it first, it may be longer.
    if (!(await catchUp())) throw new Unavailable('log-not-followed')
  }
  throw new Unavailable('contended')
}
