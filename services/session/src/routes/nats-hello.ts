/** ④ ⑤ Tells a service that starts which log is in force. */
import { HELLO, SUBJECTS } from '@curfew/contracts'

import type { Answers } from './answers.ts'

export function answerHello(answers: Answers, epoch: number): void {
  answers.to(HELLO, SUBJECTS.hello, () => ({ epoch }))
}
