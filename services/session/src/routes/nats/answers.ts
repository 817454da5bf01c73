/**
 * ④ The questions that this service answers over NATS, all alike: one queue group, one way to stop.
 * Promise: replicas share the questions; a stopping replica takes no new ones and finishes those it has.
 */
import { SESSION_QUEUE, currentRequestId, type RequestContract } from '@curfew/contracts'
import { answer, isConnected, type AnswerOptions } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Static, TSchema } from 'typebox'

import type { AuditTrail } from '../../domain/audit/audit-trail.ts'

export class Answers {
  readonly #nc: NatsConnection
  readonly #logger: Logger
  readonly #trail: Pick<AuditTrail, 'settled'>
  readonly #open: ReturnType<typeof answer>[] = []

  constructor(nc: NatsConnection, logger: Logger, trail: Pick<AuditTrail, 'settled'>) {
    this.#nc = nc
    this.#logger = logger
    this.#trail = trail
  }

  // oxlint-disable-next-line max-params -- reads like the `answer` that it wraps
  to<Q extends TSchema, A extends TSchema>(
    contract: RequestContract<Q, A>,
    subject: string,
    handler: (question: Static<Q>, context: { readonly subject: string }) => Promise<Static<A>> | Static<A>,
    bounds: Pick<AnswerOptions, 'underWayMax'> = {},
  ): void {
    const options = { ...bounds, queue: SESSION_QUEUE, logger: this.#logger }
    const settling: typeof handler = async (question, context) => {
      const answered = await handler(question, context)
      // Who is told that something was done can rely on its being in the trail.
      await this.#trail.settled(currentRequestId() ?? '')
      return answered
    }
    this.#open.push(answer(this.#nc, contract, subject, settling, options))
  }

  async close(): Promise<void> {
    // Without a server there is nobody to hear of it, and waiting for him would take for ever.
    if (isConnected(this.#nc)) await Promise.all(this.#open.map((each) => each.drain()))
    else for (const each of this.#open) each.unsubscribe()
  }
}
