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
import { countSoon, type Affected } from '../domain/count-affected.ts'
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
  readonly startedAtMs: number
  readonly onlooker: Onlooker | undefined
}

export async function carryOut(
  ports: CarryOutPorts,
  { request, caller, entry, prior, startedAtMs, onlooker }: CarryingOut,
): Promise<Answer> {
  const watch = onlooker && watchingWith(onlooker)
  const affected = prior === undefined ? await countSoon(ports, entry) : undefined
  const outcome =
    prior === undefined
      ? await revoke({ ...ports, recheck: rechecking(ports) }, entry, watch)
      : await settleRepeat(ports, entry, { prior, watchRevocation: watch })
  return answer(ports, { request, caller, entry, outcome, startedAtMs, affected })
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
  readonly affected: Affected | undefined
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
