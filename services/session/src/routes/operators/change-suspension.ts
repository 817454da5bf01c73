/**
 * ④ What the four routes of suspension share: one entry in the log, told and answered alike.
 * Promise: of `suspended` and `resumed`, the later in the log holds.
 */
import type { LogEntryOf, Position, TenantId, UserId } from '@curfew/contracts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'

import { keptText } from '../../domain/audit/audit-record.ts'
import type { AuditTrail } from '../../domain/audit/audit-trail.ts'
import type { ActPorts, Touched } from '../../domain/operators/act-on-operators.ts'
import { effectText } from '../../domain/operators/change-text.ts'
import type { Operator } from '../../domain/operators/operator.ts'
import { answerEffect } from '../shared/effect-answer.ts'
import { effectJson, statusOf, type EffectJson } from '../shared/effect.ts'
import { ReasonSchema } from '../shared/fields.ts'
import { changeHead } from './change-head.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { recordAct, type RecordedAct } from './record-act.ts'
import { requireRecordable } from './recordable.ts'

/** No body at all is the same as an empty one. */
export const SuspensionBody = Type.Union([
  Type.Object({ reason: Type.Optional(ReasonSchema) }, { additionalProperties: false }),
  Type.Null(),
])

export type SuspensionEntry = LogEntryOf<'suspended' | 'resumed'>
export type SuspensionPorts = ActPorts & { readonly audit: Pick<AuditTrail, 'settled' | 'canRecord'> }

interface Wanted {
  readonly actor: string
  readonly whom: { readonly tenant: TenantId; readonly user?: UserId }
  readonly isSuspended: boolean
  readonly body: Static<typeof SuspensionBody>
}

export function suspensionEntry({ actor, whom, isSuspended, body }: Wanted, atMs: number): SuspensionEntry {
  return {
    ...changeHead('suspension', actor, atMs),
    type: isSuspended ? 'suspended' : 'resumed',
    ...(body?.reason !== undefined && { reason: keptText(body.reason) }),
    ...whom,
  }
}

export interface Suspending {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly guard: OperatorGuard
  readonly startedAtMs: number
  readonly entry: SuspensionEntry
  /** What it touches of powers over Curfew. */
  readonly touches: (operator: Operator) => Promise<Omit<Touched, 'last'>>
}

export async function changeSuspension(ports: SuspensionPorts, change: Suspending): Promise<FastifyReply> {
  const { request, reply, guard, startedAtMs, entry, touches } = change
  if (entry.type === 'resumed') await requireRecordable(ports.audit)
  const what = namesOf(entry)
  return answerEffect(ports, { request, reply, startedAtMs }, async (onlooker) => {
    const watch = onlooker && ((position: Position) => onlooker({ ...what, position }))
    const look = async (operator: Operator): Promise<Touched> => {
      // Before what it may rest on: the other way round, something could come between.
      const last = await ports.log.lastPositionOf(entry)
      return { ...(await touches(operator)), last }
    }
    const outcome = await recordAct(ports, { guard, request }, { entry, look, watch })
    const effect = tellSuspension(ports, { request, entry, outcome, startedAtMs })
    const position = outcome.kind === 'unknown' ? null : outcome.position
    return { status: statusOf(effect), body: { ...what, position, ...effect } }
  })
}

interface Told {
  readonly request: FastifyRequest
  readonly entry: SuspensionEntry
  readonly outcome: RecordedAct
  readonly startedAtMs: number
}

export function tellSuspension(
  { clock, reports }: Pick<SuspensionPorts, 'clock' | 'reports'>,
  { request, entry, outcome, startedAtMs }: Told,
): EffectJson {
  const effect = effectJson(outcome, startedAtMs, clock.nowMs())
  const { suspended } = namesOf(entry)
  reports.suspensionChanged({
    ...namesOf(entry),
    actor: entry.actor,
    reason: entry.reason,
    state: effect.state,
    requestId: request.id,
    change: suspended ? 'suspended' : 'resumed',
    effect: effectText(effect),
  })
  return effect
}

function namesOf({ tenant, user, type }: SuspensionEntry) {
  return { tenant, ...(user !== undefined && { user }), suspended: type === 'suspended' }
}
