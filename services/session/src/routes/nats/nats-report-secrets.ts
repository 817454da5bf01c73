/**
 * ① ④ `curfew.sessions.secrets`: what a gateway saw of secrets around a rotation.
 * Promise: one after the other, in its order: the end of an overlap comes before the use of what it ended.
 */
import { REPORT_SECRETS, SUBJECTS, type SecretHash } from '@curfew/contracts'

import { secretSeen, type SecretPorts } from '../../domain/sessions/secret-seen.ts'
import type { Answers } from './answers.ts'

export function answerReportSecrets(answers: Answers, ports: SecretPorts): void {
  answers.to(REPORT_SECRETS, SUBJECTS.reportSecrets, async ({ seen }) => {
    const nowMs = ports.clock.nowMs()
    for (const { session, secretHash, agoMs } of seen)
      await secretSeen(ports, { session, secretHash: secretHash as SecretHash, atMs: nowMs - agoMs })
    return {}
  })
}
