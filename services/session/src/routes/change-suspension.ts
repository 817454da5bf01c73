/**
 * ④ What the four routes of suspension share: one entry in the log, told and answered alike.
 * Promise: of `suspended` and `resumed`, the later in the log holds.
 */
import type { LogEntryOf, Position, TenantId, UserId } from '@curfew/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'

import { keptText } from '../domain/audit-record.ts'
import { recordLatest } from '../domain/record-fact.ts'
import { effectText } from '../domain/security-events.ts'
import { Unavailable } from '../errors.ts'
import { answerEffect } from './effect-answer.ts'
import { effectJson, statusOf } from './effect.ts'
import { entryHead } from './entry-head.ts'
import { ReasonSchema } from './fields.ts'
import type { ChangePorts } from './put-role.ts'
import { requireRecordable } from './recordable.ts'

/** No body at all is the same as an empty one. */
export const SuspensionBody = Type.Union([
  Type.Object({ reason: Type.Optional(ReasonSchema) }, { additionalProperties: false }),
  Type.Null(),
])

export interface Suspending {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly actor: string
  readonly whom: { readonly tenant: TenantId; readonly user?: UserId }
  readonly isSuspended: boolean
  readonly body: Static<typeof SuspensionBody>
}

export async function changeSuspension(ports: ChangePorts, change: Suspending): Promise<FastifyReply> {
  const { request, reply, actor, whom, isSuspended, body } = change
  if (!isSuspended) await requireRecordable(ports.audit)
  const startedAtMs = ports.clock.nowMs()
  const entry: LogEntryOf<'suspended' | 'resumed'> = {
    ...entryHead('suspension', actor, startedAtMs),
    type: isSuspended ? 'suspended' : 'resumed',
    ...(body?.reason !== undefined && { reason: keptText(body.reason) }),
    ...whom,
  }
  return answerEffect(ports, { request, reply, startedAtMs }, async (onlooker) => {
    const watch =
      onlooker && ((position: Position) => onlooker({ ...whom, suspended: isSuspended, position }))
    const outcome = await recordLatest(ports, entry, { watch })
    if (outcome.kind === 'conflict') throw new Unavailable('contended')
    const effect = effectJson(outcome, startedAtMs, ports.clock.nowMs())
    ports.reports.suspensionChanged({
      ...whom,
      suspended: isSuspended,
      actor,
      reason: body?.reason,
      state: effect.state,
      requestId: request.id,
      change: isSuspended ? 'suspended' : 'resumed',
      effect: effectText(effect),
    })
    const position = outcome.kind === 'unknown' ? null : outcome.position
    return { status: statusOf(effect), body: { ...whom, suspended: isSuspended, position, ...effect } }
  })
}
