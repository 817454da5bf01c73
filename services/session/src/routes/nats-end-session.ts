/**
 * ① ④ `curfew.sessions.end`: logout.
 * Promise: it goes to the log whether or not Redis is there or knows the session: ending is never skipped on a doubtful no.
 */
import { END_SESSION, SUBJECTS } from '@curfew/contracts'

import { recordFact, type RecordPorts } from '../domain/record-fact.ts'
import { logoutId } from '../domain/revocation.ts'
import { Unavailable } from '../errors.ts'
import { isoTime } from '../iso-time.ts'
import type { Clock, Reports } from '../ports.ts'
import type { Answers } from './answers.ts'

/** Who logs out does not wait for a member that has crashed. */
const CONFIRM_WITHIN_MS = 1_500

export interface EndPorts extends RecordPorts {
  readonly clock: Clock
  readonly reports: Reports
}

export function answerEndSession(answers: Answers, ports: EndPorts): void {
  answers.to(END_SESSION, SUBJECTS.endSession, async ({ session, actor, reason }) => {
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
    const state = outcome.kind
    ports.reports.sessionEnded({ sessionId: session, actor, state })
    return { state }
  })
}
