/** ④ Asks the session service whether sessions of the population are live. */
import { GATEWAY_AUDIENCE, RESOLVE, resolveSubject, type SessionId } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

const EPOCH = 1

/** @throws Error unless all of them are, or none */
export async function requireLive(nc: NatsConnection, sessions: SessionId[], isLive: boolean): Promise<void> {
  const subject = resolveSubject(EPOCH, GATEWAY_AUDIENCE)
  const answer = await ask(nc, RESOLVE, subject, { sessions, minSeq: 0 })
  const others = answer.sessions.filter(({ status }) => (status === 'live') !== isLive)
  if (others.length > 0)
    throw new Error(`${others.length} of ${sessions.length} are ${isLive ? 'not live' : 'still live'}`)
}
