/**
 * ① ④ `curfew.audit.record`: what happened at the gateway.
 * Promise: answered only when it is in the trail, under the name of the service that told it, or counted as lost for want of room.
 */
import { RECORD_EVENT, SUBJECTS } from '@curfew/contracts'

import type { AuditTrail } from '../../domain/audit/audit-trail.ts'
import type { Answers } from './answers.ts'

export function answerRecordEvent(answers: Answers, trail: AuditTrail): void {
  answers.to(RECORD_EVENT, SUBJECTS.recordEvent, async (event) => {
    // The broker lets nobody but the gateway say this.
    await trail.append(event, 'gateway')
    return {}
  })
}
