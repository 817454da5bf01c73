/**
 * ④ Carries out a revocation that may happen, asked for just now or approved by a second operator.
 * Promise: under one id it happens once, and whoever asks again is told the same.
 */
import type { SessionId } from '@curfew/contracts'
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'

import type { RequestedEntry } from '../domain/approvals.ts'
import type { AuditTrail } from '../domain/audit-trail.ts'
import { findLive, type OperatorPorts } from '../domain/authenticate-operator.ts'
import { countEnded, countSoon, type Affected } from '../domain/count-affected.ts'
import type { Watermark } from '../domain/facts.ts'
import type { Operator } from '../domain/operator.ts'
import type { Revocation } from '../domain/revocation.ts'
import {
  revoke,
  settleRepeat,
  type RevokeOutcome,
  type RevokePorts,
  type WatchRevocation,
} from '../domain/revoke.ts'
import { effectText } from '../domain/security-events.ts'
import { isWide, watermarkOf } from '../domain/wide-facts.ts'
import type { Answer, Onlooker } from './effect-answer.ts'
import { effectJson, statusOf } from './effect.ts'
import { revocationJson } from './revocation-json.ts'

export type CarryOutPorts = OperatorPorts &
  Omit<RevokePorts, 'recheck'> & { readonly audit: Pick<AuditTrail, 'settled'> }

export interface CarryingOut {
  readonly request: FastifyRequest
  readonly caller: Operator
  readonly entry: RequestedEntry
  /** The revocation of this id, where it has happened before. */
  readonly prior: Revocation | undefined
  /** What is known of the session where it is one (revocation-reach.ts). */
  readonly found: Affected | undefined
  readonly startedAtMs: number
  readonly onlooker: Onlooker | undefined
}

export async function carryOut(
  ports: CarryOutPorts,
  { request, caller, entry, prior, found, startedAtMs, onlooker }: CarryingOut,
): Promise<Answer> {
  const watch = onlooker && watchingWith(onlooker)
  const answered = { request, caller, entry, startedAtMs }
  if (prior !== undefined) {
    const outcome = await settleRepeat(ports, entry, { prior, watchRevocation: watch })
    return answer(ports, { ...answered, outcome })
  }
  const { scope } = entry
  const affected = scope.type === 'user' ? await countSoon(ports, { ...entry, scope }) : found
  const before = isWide(scope) ? watermarkOf(ports.view.wide, scope) : undefined
  const outcome = await revoke({ ...ports, recheck: rechecking(ports) }, entry, watch)
  if (outcome.kind !== 'unknown' && 'revocation' in outcome)
    void countAfterwards(ports, { request, revocation: outcome.revocation, before })
  return answer(ports, { ...answered, outcome, affected })
}

interface Counting {
  readonly request: FastifyRequest
  readonly revocation: Revocation
  /** The latest revocation of the same wide scope until then. */
  readonly before: Watermark | undefined
}

/**
 * How many sessions a revocation of many ends is part of what happened, and takes as long as there are many: the operator
 * does not wait for it, the trail is told.
 */
async function countAfterwards(
  ports: CarryOutPorts,
  { request, revocation, before }: Counting,
): Promise<void> {
  const { scope, except, position } = revocation
  if (!isWide(scope)) return
  // A repetition that only the log has noticed: what it has ended was counted the first time.
  if (before !== undefined && before.position >= position) return
  const affected = await countEnded(ports, { scope, except }, { at: position, before })
  ports.reports.revocationCounted({ revocation, requestId: request.id, affected })
}

function watchingWith(onlooker: Onlooker): WatchRevocation {
  return (revocation) => {
    const { position } = revocation
    return onlooker({ revocation: revocationJson(revocation, position), position })
  }
}

function rechecking(ports: OperatorPorts): RevokePorts['recheck'] {
  return async (session: SessionId) => {
    const found = await findLive(ports, session, { isActivity: false })
    return typeof found === 'string' ? undefined : found
  }
}

interface Answered {
  readonly request: FastifyRequest
  readonly caller: Operator
  readonly entry: RequestedEntry
  readonly outcome: RevokeOutcome
  readonly startedAtMs: number
  readonly affected?: Affected | undefined
}

function answer(ports: CarryOutPorts, answered: Answered): Answer {
  const { request, caller, entry, outcome, startedAtMs, affected } = answered
  if (outcome.kind === 'reused') throw new Problem('idempotency-key-reused')
  // Somebody has ended it since it was asked for: that of the one who calls, or of the one whose request he approves.
  if (outcome.kind === 'spared-is-over')
    throw entry.actor === caller.actor
      ? new Problem('unauthenticated')
      : new Problem('conflict', 'the session to be spared is over')
  const effect = effectJson(outcome, startedAtMs, ports.clock.nowMs())
  const revocation =
    outcome.kind === 'unknown' ? { ...entry, except: entry.except ?? [] } : outcome.revocation
  const position = outcome.kind === 'unknown' ? null : outcome.revocation.position
  ports.reports.revocationRecorded({
    revocation: revocationJson(revocation, position),
    state: effect.state,
    isProjected: effect.recorded,
    requestId: request.id,
    effect: effectText(effect),
    affected,
  })
  return {
    status: statusOf(effect),
    headers: { location: `/v1/revocations/${revocation.id}` },
    body: { revocation: revocationJson(revocation, position), ...effect },
  }
}
