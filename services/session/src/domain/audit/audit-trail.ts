/**
 * ④ The audit trail as routes and rules know it.
 * Promise: `append` resolves only once the event is stored; everything else about it may fail without failing anything else.
 */
import type { SecurityEvent } from '@curfew/contracts'

import type { EventSource, TrailHead } from './audit-record.ts'

export interface AuditTrail {
  /** Takes what happened here. Never throws and never waits; what cannot be kept is counted and reported. */
  note(event: SecurityEvent): void
  /**
   * Takes what happened elsewhere. Where the trail has no room for events of this standing, it is counted as lost.
   * @throws Unavailable when it is not known to be stored, and may be if it is sent again
   */
  append(event: SecurityEvent, source: EventSource): Promise<void>
  /** Whether what an operator does now can be recorded; asks the store. Never throws. */
  canRecord(): Promise<boolean>
  /** Resolves when what was noted on behalf of the request is stored, or does not get stored soon. Never throws. */
  settled(requestId: string): Promise<void>
}

/** The stored trail. Throws where it cannot be had. */
export interface AuditReader {
  /** Sequences of the first and the last record; the last is one less than the first where there is none. */
  bounds(): Promise<{ readonly first: number; readonly last: number }>
  /** What is stored from one sequence to another, both included; absent where there is nothing. */
  read(from: number, to: number): Promise<ReadonlyMap<number, Uint8Array>>
}

/** What was last known to be the end of the trail, kept apart from it. */
export interface AuditAnchors {
  known(): Promise<readonly Omit<TrailHead, 'at'>[]>
}
