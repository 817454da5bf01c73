/**
 * ④ ⑤ Ends one session, for whichever of its ways out.
 * Promise: it goes to the log whether or not Redis is there or knows the session; ending it again is the same end.
 */
import { type EffectState, type SessionId } from '@curfew/contracts'

import type { Clock } from '../log/ports.ts'
import { recordFact, type RecordPorts } from '../log/record-fact.ts'
import { logoutId, sessionEnded } from '../log/session-entries.ts'
import { Unavailable } from '../log/unavailable.ts'
import type { SessionReports } from './ports.ts'

export interface EndPorts extends RecordPorts {
  readonly clock: Clock
  readonly reports: SessionReports
}

export interface Ending {
  readonly session: SessionId
  readonly actor: string
  readonly reason: string
}

/** Who logs out does not wait for a member that has crashed. */
const CONFIRM_WITHIN_MS = 1_500

export async function endSession(ports: EndPorts, { session, actor, reason }: Ending): Promise<EffectState> {
  const entry = sessionEnded({ id: logoutId(session), session, reason, atMs: ports.clock.nowMs(), actor })
  const outcome = await recordFact(ports, entry, { confirmWithinMs: CONFIRM_WITHIN_MS })
  if (outcome.kind === 'conflict') throw new Unavailable('contended')
  ports.reports.sessionEnded({ sessionId: session, actor, state: outcome.kind, reason })
  return outcome.kind
}
