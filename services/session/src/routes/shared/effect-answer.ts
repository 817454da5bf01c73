/**
 * ④ How an operator is told what his call brought about: in one answer or, with `Accept: text/event-stream`, member by
 * member as each acknowledges it.
 * Promise: the last event of a stream is what the answer would have been; what is refused before anything is recorded is
 * refused as if no stream had been asked for.
 */
import type { MemberId, Position } from '@curfew/contracts'
import type { ConfirmationWatch } from '@curfew/revocation-log'
import { EventStream, isNamedIn } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'

import type { AuditTrail } from '../../domain/audit/audit-trail.ts'
import type { Clock } from '../../domain/log/ports.ts'
import { asProblem } from './as-problem.ts'

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: object
}

/** What has been recorded, in the members that the answer will have. */
interface Recorded {
  readonly position: Position
  readonly [member: string]: unknown
}

/** Who looks on, where somebody does. */
export type Onlooker = (recorded: Recorded) => ConfirmationWatch

export interface Answering {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly startedAtMs: number
}

interface AnswerPorts {
  readonly audit: Pick<AuditTrail, 'settled'>
  readonly clock: Clock
}

export async function answerEffect(
  { audit, clock }: AnswerPorts,
  { request, reply, startedAtMs }: Answering,
  act: (onlooker: Onlooker | undefined) => Promise<Answer>,
): Promise<FastifyReply> {
  if (!isStreamWanted(request)) {
    const { status, headers = {}, body } = await act(undefined)
    return reply.code(status).headers(headers).send(body)
  }
  let stream: EventStream | undefined
  const elapsedMs = (): number => Math.max(0, clock.nowMs() - startedAtMs)
  const onlooker: Onlooker = (recorded) => watchOf((stream ??= new EventStream(reply)), recorded, elapsedMs)
  try {
    const { body } = await act(onlooker)
    await audit.settled(request.id)
    stream ??= new EventStream(reply)
    stream.end('result', body)
  } catch (error) {
    if (stream === undefined) throw error
    await audit.settled(request.id)
    stream.fail(asProblem(error), request)
  }
  return reply
}

function isStreamWanted({ headers: { accept } }: FastifyRequest): boolean {
  return isNamedIn(accept, 'text/event-stream')
}

function watchOf(stream: EventStream, recorded: Recorded, elapsedMs: () => number): ConfirmationWatch {
  const services = new Map<MemberId, string | undefined>()
  const tell = (event: string, id: MemberId): void =>
    stream.send(event, { verifier: id, service: services.get(id) ?? null, elapsed_ms: elapsedMs() })
  return {
    began(members) {
      for (const { id, description } of members) services.set(id, description?.service)
      const verifiers = members.map(({ id, description }) => ({
        id,
        service: description?.service ?? null,
        host: description?.host ?? null,
      }))
      stream.send('recorded', { ...recorded, verifiers, elapsed_ms: elapsedMs() })
    },
    acknowledged: (id) => tell('acknowledged', id),
    lapsed: (id) => tell('lapsed', id),
  }
}
