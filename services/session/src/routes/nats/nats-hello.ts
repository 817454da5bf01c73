/**
 * ④ ⑤ Tells a service that starts which log is in force, and how long leases are.
 * Promise: said only by who follows that log: one that is over is nobody's to go to.
 */
import { HELLO, SUBJECTS } from '@curfew/contracts'
import type { Coordinator } from '@curfew/revocation-log'

import { Unavailable } from '../../domain/log/unavailable.ts'
import type { Answers } from './answers.ts'

export interface InForce {
  readonly epoch: number
  readonly isFollowing: boolean
  readonly coordinator: Coordinator
}

export function answerHello(answers: Answers, log: InForce): void {
  answers.to(HELLO, SUBJECTS.hello, () => {
    if (!log.isFollowing) throw new Unavailable('log-not-followed')
    return { epoch: log.epoch, leaseMs: log.coordinator.leaseMs }
  })
}
