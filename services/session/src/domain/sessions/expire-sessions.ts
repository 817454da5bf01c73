/**
 * ④ Says of every session that has reached a limit that it has.
 * Promise: once at most, whichever replica notices it, and whether or not anybody asks about the session again. Nothing waits
 * for it: who asks is refused from the very millisecond on. Not told are those that ended while no replica ran for minutes.
 */
import { subjectKey, type SubjectKey } from '@curfew/contracts'

import { lookUp, type LookUpPorts } from './look-up.ts'
import type { SessionReports } from './ports.ts'
import { idleExpiresAtMs, isExpired, type SessionRecord } from './session-record.ts'

export interface ExpiryPorts extends LookUpPorts {
  readonly reports: SessionReports
}

/** Clocks of replicas differ: by then no other one takes the session to be alive, and moves its limit. */
const CERTAIN_AFTER_MS = 5_000

export async function expireSessions(ports: ExpiryPorts): Promise<void> {
  for (;;) {
    const due = await ports.sessions.due(ports.clock.nowMs() - CERTAIN_AFTER_MS)
    if (due.length === 0) return
    const { sessions, nowMs } = await lookUp(ports, due)
    const over = due.flatMap((id, index) => {
      const found = sessions[index]
      if (found === undefined || found.verdict === 'live') return []
      return [{ id, subject: found.verdict === 'unknown' ? undefined : ownerOf(found.session) }]
    })
    const taken = new Set(await ports.sessions.unlist(over))
    for (const found of sessions)
      if (found.verdict !== 'unknown' && found.verdict !== 'revoked' && taken.has(found.session.id))
        tell(ports, found.session, nowMs)
    // What is left is alive by now, or another replica's to tell.
    if (taken.size === 0) return
  }
}

function tell({ reports }: ExpiryPorts, session: SessionRecord, nowMs: number): void {
  if (!isExpired(session, nowMs)) return
  const { id: sessionId, client } = session
  const limit = idleExpiresAtMs(session) < session.expiresAtMs ? 'idle' : 'absolute'
  reports.sessionExpired({ sessionId, subject: ownerOf(session), client, limit })
}

function ownerOf({ tenant, user }: SessionRecord): SubjectKey {
  return subjectKey(tenant, user)
}
