/**
 * ② ④ Answers verifiers' misses in the epoch that is in force.
 * Promise: who asks in one that is over is not answered: it has to begin with a hello.
 */
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

import type { AuditTrail } from '../../domain/audit/audit-trail.ts'
import type { ResolvePorts } from '../../domain/sessions/resolve-sessions.ts'
import { Answers } from './answers.ts'
import { answerResolve } from './nats-resolve.ts'

export interface EpochPorts extends ResolvePorts {
  readonly log: ResolvePorts['log'] & { inEachEpoch(serve: (epoch: number) => Promise<void>): Promise<void> }
  readonly audit: Pick<AuditTrail, 'settled'>
}

export async function resolveInEachEpoch(
  { questions, logger }: { readonly questions: NatsConnection; readonly logger: Logger },
  ports: EpochPorts,
  stack: AsyncDisposableStack,
): Promise<void> {
  let answers: Answers | undefined
  stack.defer(() => answers?.close())
  await ports.log.inEachEpoch(async (epoch) => {
    await answers?.close()
    answers = new Answers(questions, logger, ports.audit)
    answerResolve(answers, ports, epoch)
    await questions.flush()
  })
}
