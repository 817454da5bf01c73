/**
 * ① ④ `curfew.sessions.prepare`: asked before the first credential is read.
 * Promise: a session born here is covered by every revocation that this replica has not seen yet, and by none that was
 * confirmed before it was asked.
 */
import { PREPARE_SESSION, SUBJECTS } from '@curfew/contracts'

import type { LogView } from '../../domain/log/log-view.ts'
import type { FactLog } from '../../domain/log/ports.ts'
import { requireLease, requireRoom } from '../../domain/log/require-lease.ts'
import type { Answers } from './answers.ts'

export interface PreparePorts {
  readonly log: FactLog
  readonly view: LogView
}

export function answerPrepareSession(answers: Answers, { log, view }: PreparePorts): void {
  answers.to(PREPARE_SESSION, SUBJECTS.prepareSession, () => {
    requireLease(log)
    // The user of the session is not known yet.
    requireRoom(log, 'operators')
    return { birth: view.applied }
  })
}
