/**
 * ④ ⑤ Where verifiers ask to join, to leave and to be granted leases.
 * Promise: nobody joins, leaves or renews in the name of another service's member; a member that is refused is told why and for
 * how long.
 */
import {
  ANY_SPEAKER,
  JOIN,
  LEAVE,
  RENEW_LEASE,
  SESSION_QUEUE,
  memberSubject,
  renewSubject,
  speakerOf,
  type Member,
  type MemberId,
} from '@curfew/contracts'
import { answer, type Answering } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/nats-core'
import type { Static } from 'typebox'

import type { JoinRefusal } from '../membership/member-admission.ts'
import type { LogLogger } from '../stream/log-logger.ts'
import type { Barriers } from './barriers.ts'
import type { MemberRecorder } from './member-recorder.ts'

export interface MemberHandlers {
  readonly nc: NatsConnection
  readonly epoch: number
  readonly logger: LogLogger
  readonly members: MemberRecorder
  readonly barriers: Barriers
  readonly serviceOf: (member: MemberId) => string | undefined
  /** Undefined when it may join; then `settled` follows. */
  readonly admit: (member: Member) => JoinRefusal | undefined
  readonly settled: (member: MemberId) => void
}

export function answerMembers(handlers: MemberHandlers): Answering[] {
  const { nc, epoch, logger, members, barriers, serviceOf } = handlers
  const options = { queue: SESSION_QUEUE, logger }
  const on = (what: 'join' | 'leave'): string => memberSubject(epoch, what, ANY_SPEAKER)
  const renew = renewSubject(epoch, ANY_SPEAKER)
  return [
    answer(
      nc,
      JOIN,
      on('join'),
      (member, { subject }) => {
        // Replicas write themselves into the log.
        if (member.kind === 'verifier' && member.service === speakerOf(subject)) return join(handlers, member)
        throw new Error(`${speakerOf(subject)} may not join as a ${member.kind} of ${member.service}`)
      },
      options,
    ),
    answer(
      nc,
      LEAVE,
      on('leave'),
      ({ member }, { subject }) => {
        const service = serviceOf(member)
        // Gone already; or so new that this replica has not seen it, and then it is waited for, which is safe.
        if (service === undefined) return {}
        if (service === speakerOf(subject)) return members.leave(member)
        throw new Error(`${speakerOf(subject)} does not speak for ${member}`)
      },
      options,
    ),
    answer(
      nc,
      RENEW_LEASE,
      renew,
      async ({ member }, { subject }) => {
        const answered = await barriers.renew(member)
        // The member's service is known now: the member had joined before the barrier that has come back.
        if (answered.outcome === 'granted' && serviceOf(member) !== speakerOf(subject))
          throw new Error(`${speakerOf(subject)} does not speak for ${member}`)
        return answered
      },
      options,
    ),
  ]
}

async function join(
  { members, admit, settled }: MemberHandlers,
  member: Member,
): Promise<Static<typeof JOIN.answer>> {
  const refusal = admit(member)
  if (refusal !== undefined) return refusal
  try {
    return await members.join(member)
  } finally {
    settled(member.member)
  }
}
