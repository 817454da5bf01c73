/**
 * Asks another service one typed question over NATS.
 * Promise: what comes back has the contract's shape, or a RequestFailed says what is certain about the outcome. The id of
 * the request on whose behalf it is asked goes along.
 */
import { REQUEST_ID_HEADER, currentRequestId, type RequestContract } from '@curfew/contracts'
import { errors, headers, type MsgHdrs, type Msg, type NatsConnection } from '@nats-io/transport-node'
import type { Static, TSchema } from 'typebox'

import { isConnected } from './connection.ts'
import { conforms, readAnswer, writeQuestion } from './envelope.ts'
import { RequestFailed, type RequestFailedCode } from './request-failed.ts'
import { silenceOn } from './silence.ts'

export interface AskOptions {
  /** How long to wait for the answer; 2000 when not given. */
  readonly timeoutMs?: number
}

const TIMEOUT_MS = 2_000

/** Rejects with RequestFailed and nothing else. */
// oxlint-disable-next-line max-params -- reads as a sentence at the call, and the fifth is the options object
export async function ask<Q extends TSchema, A extends TSchema>(
  nc: NatsConnection,
  contract: RequestContract<Q, A>,
  subject: string,
  question: Static<Q>,
  options: AskOptions = {},
): Promise<Static<A>> {
  if (!conforms(contract.question, question)) throw new RequestFailed('refused', contract.name)
  // While there is no server the client would keep the question back, and perhaps send it after the caller gave up.
  if (!isConnected(nc)) throw new RequestFailed('unavailable', contract.name)
  const silence = silenceOn(nc)
  if (silence?.mayAsk(performance.now()) === false) throw new RequestFailed('unavailable', contract.name)

  const message = await send(nc, contract.name, subject, writeQuestion(question), options).catch(
    (error: RequestFailed) => {
      if (error.code === 'timeout') silence?.unanswered()
      throw error
    },
  )
  silence?.answered()
  const answer = readAnswer(contract.answer, message.data)
  switch (answer.kind) {
    case 'read':
      return answer.value
    case 'error':
      throw new RequestFailed(answer.error === 'malformed' ? 'refused' : 'unavailable', contract.name)
    case 'malformed':
      throw new RequestFailed('malformed', contract.name)
  }
}

// oxlint-disable-next-line max-params -- private continuation of ask
async function send(
  nc: NatsConnection,
  name: string,
  subject: string,
  payload: string,
  options: AskOptions,
): Promise<Msg> {
  try {
    const requestId = currentRequestId()
    return await nc.request(subject, payload, {
      timeout: options.timeoutMs ?? TIMEOUT_MS,
      ...(requestId !== undefined && { headers: naming(requestId) }),
    })
  } catch (error) {
    throw new RequestFailed(codeOf(error), name, error)
  }
}

function naming(requestId: string): MsgHdrs {
  const named = headers()
  named.set(REQUEST_ID_HEADER, requestId)
  return named
}

/** Only what is known not to have reached anybody may be called something else than an unknown outcome. */
function codeOf(error: unknown): RequestFailedCode {
  const cause = error instanceof errors.RequestError ? error.cause : error
  if (cause instanceof errors.InvalidArgumentError || cause instanceof errors.InvalidSubjectError)
    return 'refused'
  const notSent = [
    errors.NoRespondersError,
    errors.PermissionViolationError,
    errors.ClosedConnectionError,
    errors.DrainingConnectionError,
  ].some((type) => cause instanceof type)
  return notSent ? 'unavailable' : 'timeout'
}
