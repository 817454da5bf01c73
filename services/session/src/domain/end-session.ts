/**
 * ④ ⑤ Ends one session, for whichever of its ways out.
 * Promise: it goes to the log whether or not Redis is there or knows the session; ending it again is the same end.
 */
import type { EffectState, SessionId } from '@curfew/contracts'

import { Unavailable } from '../errors.ts'
import { isoTime } from '../iso-time.ts'
import type { Clock, Reports } from '../ports.ts'
import { recordFact, type RecordPorts } from './record-fact.ts'
import { logoutId } from './revocation.ts'

export interface EndPorts extends RecordPorts {
  readonly clock: Clock
  readonly reports: Reports
}

export interface Ending {
  readonly session: SessionId
  readonly actor: string
  readonly reason: string
}

/** Who logs out does not wait for a member that has crashed. */
const CONFIRM_WITHIN_MS = 1_500

export async function endSession(ports: EndPorts, { session, actor, reason }: Ending): Promise<EffectState> {
  const entry = {
    v: 1,
    id: logoutId(session),
    type: 'revoked',
    at: isoTime(ports.clock.nowMs()),
    actor,
    reason,
    scope: { type: 'session', session },
  } as const
  const outcome = await recordFact(ports, entry, { confirmWithinMs: CONFIRM_WITHIN_MS })
  if (outcome.kind === 'conflict') throw new Unavailable('contended')
  ports.reports.sessionEnded({ sessionId: session, actor, state: outcome.kind, reason })
  return outcome.kind
}
