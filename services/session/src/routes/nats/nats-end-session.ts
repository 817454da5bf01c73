/**
 * ① ④ `curfew.sessions.end`: logout.
 * Promise: ending is never skipped on a doubtful no.
 */
import { END_SESSION, SUBJECTS } from '@curfew/contracts'

import { endSession, type EndPorts } from '../../domain/sessions/end-session.ts'
import type { Answers } from './answers.ts'

export function answerEndSession(answers: Answers, ports: EndPorts): void {
  answers.to(END_SESSION, SUBJECTS.endSession, async (ending) => ({ state: await endSession(ports, ending) }))
}
