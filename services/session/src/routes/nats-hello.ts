/** ④ ⑤ Tells a service that starts which log is in force, and how long leases are. */
import { HELLO, SUBJECTS } from '@curfew/contracts'
import type { Coordinator } from '@curfew/revocation-log'

import type { Answers } from './answers.ts'

export function answerHello(answers: Answers, epoch: number, coordinator: Coordinator): void {
  answers.to(HELLO, SUBJECTS.hello, () => ({ epoch, leaseMs: coordinator.leaseMs }))
}
