/**
 * ④ What follows from the use of a secret around a rotation.
 * Promise: soon after the first use of a new secret the time of the one before is over; the use of one whose time is over ends the session;
 * a secret that never was the session's ends nothing, or whoever knows a public id could end sessions.
 */
import { ROTATION_IN_FLIGHT_MS, type SecretHash, type SessionId, subjectKey } from '@curfew/contracts'

import { recordFact, type RecordPorts } from '../log/record-fact.ts'
import { SUSPECTED_THEFT, suspicionId, sessionEnded } from '../log/session-entries.ts'
import { Unavailable } from '../log/unavailable.ts'
import { lookUp, type LookUpPorts } from './look-up.ts'
import type { SessionReports } from './ports.ts'
import type { RotationStore } from './ports.ts'
import { askAgain } from './rotate-session.ts'
import { isOverlapOpen, standingOf } from './secret-standing.ts'
import type { SessionRecord } from './session-record.ts'

export interface SeenSecret {
  readonly session: SessionId
  readonly secretHash: SecretHash
  /** When it was presented, by this replica's clock. */
  readonly atMs: number
}

export interface SecretPorts extends LookUpPorts, RecordPorts {
  readonly rotations: RotationStore
  readonly reports: SessionReports
}

/** Whoever presented it has had their verdict; this is waited for by nobody but the one who tells. */
const CONFIRM_WITHIN_MS = 1_500

export async function secretSeen(ports: SecretPorts, seen: SeenSecret): Promise<void> {
  const [found] = (await lookUp(ports, [seen.session])).sessions
  if (found?.verdict !== 'live') return
  const { session } = found
  const standing = standingOf(session, seen.secretHash, seen.atMs)
  if (standing === 'current' && isOverlapOpen(session, seen.atMs)) await endOverlap(ports, session, seen.atMs)
  if (standing === 'predecessor') await endSuspected(ports, session)
}

/** Redis first: whoever is made to ask again must hear of it. Without the entry, the time limit ends it elsewhere. */
async function endOverlap(ports: SecretPorts, session: SessionRecord, atMs: number): Promise<void> {
  if (!(await ports.rotations.endOverlap(session.id, session.secretHash, atMs + ROTATION_IN_FLIGHT_MS)))
    return
  ports.reports.overlapEnded(session.id)
  await askAgain(ports.log, session.id, ports.clock.nowMs())
}

async function endSuspected(ports: SecretPorts, { id, tenant, user, client }: SessionRecord): Promise<void> {
  const suspicion = { id: suspicionId(id), session: id, reason: SUSPECTED_THEFT }
  const entry = sessionEnded({ ...suspicion, atMs: ports.clock.nowMs() })
  const { kind } = await recordFact(ports, entry, { confirmWithinMs: CONFIRM_WITHIN_MS })
  const state = kind === 'conflict' ? 'unknown' : kind
  ports.reports.predecessorUsed({ sessionId: id, subject: subjectKey(tenant, user), client, state })
  // Whoever told of it tells again.
  if (state === 'unknown') throw new Unavailable('log-not-followed')
}
