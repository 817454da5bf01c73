/**
 * Serves one kind of question over NATS.
 * Promise: every question gets an answer of the contract's shape or an error word, in an inbox and nowhere else. Where a caller
 * asks far more than is answered, its own questions wait, are refused or go without an answer, and those of others do not.
 */
import { randomUUID } from 'node:crypto'

import { REQUEST_ID_HEADER, isRequestId, onBehalfOf, type RequestContract } from '@curfew/contracts'
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node'
import type { Static, TSchema } from 'typebox'

import type { MessagingLogger } from './connection.ts'
import { conforms, readQuestion, writeAnswer, writeError, type AnswerError } from './envelope.ts'
import { Lanes } from './lanes.ts'
import { LineSums } from './line-sums.ts'

export interface QuestionContext {
  /** The subject it was asked on: what a wildcard stood for. */
  readonly subject: string
}

export interface AnswerOptions {
  /** Replicas that name the same queue share the questions. */
  readonly queue?: string
  readonly logger?: MessagingLogger
  /** Questions of one subject that are worked on at once; 4096 when not given. */
  readonly underWayMax?: number
}

export interface Answering {
  /** Takes no more questions; those under way are still answered. */
  unsubscribe(): void
  /** Takes no more questions and resolves when those under way are answered and the server has the answers. */
  drain(): Promise<void>
}

const UNDER_WAY_MAX = 4_096

type Handler<Q extends TSchema, A extends TSchema> = (
  question: Static<Q>,
  context: QuestionContext,
) => Promise<Static<A>> | Static<A>

// oxlint-disable-next-line max-params -- reads as a sentence at the call, and the fifth is the options object
export function answer<Q extends TSchema, A extends TSchema>(
  nc: NatsConnection,
  contract: RequestContract<Q, A>,
  subject: string,
  handler: Handler<Q, A>,
  options: AnswerOptions = {},
): Answering {
  const { logger, underWayMax = UNDER_WAY_MAX } = options
  const sums = new LineSums()
  const lanes = new Lanes<Msg>({
    serve: (message) => onBehalfOf(requestIdOf(message), () => serve(message)),
    refuse(message) {
      note('warn', 'nats.question.refused', { subject: message.subject })
      respondError(message, 'unavailable')
    },
    underWayMax,
  })

  function note(level: 'warn' | 'error', event: string, about: { subject?: string; err?: unknown }): void {
    sums.note({ event, request: contract.name, ...about }, (line) => logger?.[level](line))
  }

  async function serve(message: Msg): Promise<void> {
    const about = { subject: message.subject }
    if (!isInbox(message.reply)) return note('warn', 'nats.question.reply-refused', about)
    const reading = readQuestion(contract.question, message.data)
    if (reading.kind === 'malformed') {
      note('warn', 'nats.question.malformed', about)
      return respondError(message, 'malformed')
    }
    try {
      const value = await handler(reading.value, about)
      if (!conforms(contract.answer, value)) throw new TypeError('the answer breaks the contract')
      message.respond(writeAnswer(value))
    } catch (err) {
      note('error', 'nats.question.failed', { ...about, err })
      respondError(message, 'unavailable')
    }
  }

  function respondError(message: Msg, error: AnswerError): void {
    try {
      message.respond(writeError(error))
    } catch (err) {
      // The connection is closed: the asker's timeout has to tell it.
      note('error', 'nats.answer.unsent', { err })
    }
  }

  const subscription = nc.subscribe(subject, {
    ...(options.queue !== undefined && { queue: options.queue }),
    callback: (ended, message) => {
      if (ended === null) lanes.take(message.subject, message)
      // The server has ended the subscription, for want of permission: nobody will ever be answered here.
      else logger?.error({ event: 'nats.answer.ended', request: contract.name, err: ended })
    },
  })

  return {
    unsubscribe: () => subscription.unsubscribe(),
    drain: async () => {
      await drain(nc, subscription, lanes)
      sums.end()
    },
  }
}

/** The asker's, or one of its own: what is done about a question can be found again either way. */
function requestIdOf(message: Msg): string {
  const id = message.headers?.get(REQUEST_ID_HEADER)
  return isRequestId(id) ? id : randomUUID()
}

/**
 * Between accounts the broker gives each question a reply subject of its own, below `_R_`, and takes the answer to the asker's
 * account. Within an account the asker chooses where the answer goes, and the broker lets the answerer publish there by its
 * own permissions. Anything but an inbox could be the log itself, into which an asker may not write.
 */
function isInbox(reply: string | undefined): boolean {
  return reply !== undefined && /^(_INBOX[._]|_R_\.)/.test(reply)
}

async function drain(nc: NatsConnection, subscription: Subscription, lanes: Lanes<Msg>): Promise<void> {
  if (nc.isClosed()) return
  if (!subscription.isClosed()) await subscription.drain()
  await lanes.idle()
  // A lost connection has lost the answers as well; the askers' timeouts tell them.
  await nc.flush().catch(() => undefined)
}
