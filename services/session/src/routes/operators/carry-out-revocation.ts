import type { SessionId } from '@curfew/contracts'
import { within } from '@curfew/protocol'
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'

import type { AuditTrail } from '../../domain/audit/audit-trail.ts'
import type { Watermark } from '../../domain/log/facts.ts'
import { isWide, watermarkOf } from '../../domain/log/wide-facts.ts'
import { findLive, type OperatorPorts } from '../../domain/operators/authenticate-operator.ts'
import { effectText } from '../../domain/operators/change-text.ts'
import type { Operator } from '../../domain/operators/operator.ts'
import type { Affected, RevocationCount } from '../../domain/revocations/affected.ts'
import type { RequestedEntry } from '../../domain/revocations/approvals.ts'
import { countBefore, countEnded, knowsTarget } from '../../domain/revocations/count-affected.ts'
/**
 * ④ Carries out a revocation that may happen, asked for just now or approved by a second operator.
 * Promise: under one id it happens once, and whoever asks again is told the same.
 */
import type { RevocationReports } from '../../domain/revocations/ports.ts'
import type { Revocation } from '../../domain/revocations/revocation.ts'
import {
  revoke,
  settleRepeat,
  type RevokeOutcome,
  type RevokePorts,
  type WatchRevocation,
} from '../../domain/revocations/revoke.ts'
import type { LookUpPorts } from '../../domain/sessions/look-up.ts'
import type { Directory } from '../../domain/sessions/ports.ts'
import { revocationCountJson } from '../shared/count-json.ts'
import type { Answer, Onlooker } from '../shared/effect-answer.ts'
import { effectJson, statusOf } from '../shared/effect.ts'
import { revocationJson } from '../shared/revocation-json.ts'

export type CarryOutPorts = OperatorPorts &
  Omit<RevokePorts, 'recheck'> & {
    readonly reports: RevocationReports
    readonly audit: Pick<AuditTrail, 'settled'>
    readonly directory: Directory
  }

export interface CarryingOut {
  readonly request: FastifyRequest
  readonly caller: Operator
  readonly entry: RequestedEntry
  /** The revocation of this id, where it has happened before. */
  readonly prior: Revocation | undefined
  /** What is known of the session where it is one (revocation-reach.ts). */
  readonly found?: Affected | undefined
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
    return answer(ports, { ...answered, outcome, count: await keptCount(ports, entry.id) })
  }
  const { scope } = entry
  // Asked before, awaited afterwards: the revocation does not wait for it.
  const knowing = knowsTarget(ports.directory, scope)
  const ended = scope.type === 'user' ? await countSoon(ports, { ...entry, scope }) : found
  const before = isWide(scope) ? watermarkOf(ports.view.wide, scope) : undefined
  const outcome = await revoke({ ...ports, recheck: rechecking(ports) }, entry, watch)
  if (!isFirst(outcome, entry))
    return answer(ports, { ...answered, outcome, count: await keptCount(ports, entry.id) })
  const isTargetKnown = await within(KNOWN_WITHIN_MS, knowing)
  const count = { ended, isTargetKnown }
  if (ended !== undefined) keepCount(ports, entry.id, count)
  if ('revocation' in outcome)
    void countAfterwards(ports, { request, revocation: outcome.revocation, before, isTargetKnown })
  return answer(ports, { ...answered, outcome, count })
}

/** By then Redis has answered, or has been given up. */
const KNOWN_WITHIN_MS = 1_000
const COUNTED_WITHIN_MS = 200

/** The count of a user's sessions, unless it fails or Redis does not answer in time: the revocation does not wait longer. */
export async function countSoon(
  ports: LookUpPorts,
  asked: Parameters<typeof countBefore>[1],
): Promise<Affected | undefined> {
  return within(
    COUNTED_WITHIN_MS,
    countBefore(ports, asked).catch(() => undefined),
  )
}

/** Not a repetition that only the log has noticed: what the revocation ended was counted the first time. */
function isFirst(outcome: RevokeOutcome, { at }: RequestedEntry): boolean {
  if ('revocation' in outcome) return outcome.revocation.at === at
  return outcome.kind === 'unknown'
}

/** Undefined also while Redis is away: a revocation that holds is told all the same. */
export async function keptCount(
  { history }: Pick<CarryOutPorts, 'history'>,
  id: string,
): Promise<RevocationCount> {
  return (await history.countOf(id).catch(() => undefined)) ?? {}
}

function keepCount({ history }: CarryOutPorts, id: string, count: RevocationCount): void {
  // Without Redis nobody is told later how many it ended.
  history.keepCount(id, count).catch(() => undefined)
}

interface Counting {
  readonly request: FastifyRequest
  readonly revocation: Revocation
  /** The latest revocation of the same wide scope until then. */
  readonly before: Watermark | undefined
  readonly isTargetKnown: boolean | undefined
}

/**
 * How many sessions a revocation of many ends is part of what happened, and takes as long as there are many: the answer
 * does not wait for it. The trail is told, and operators who ask about the revocation.
 */
async function countAfterwards(
  ports: CarryOutPorts,
  { request, revocation, before, isTargetKnown }: Counting,
): Promise<void> {
  const { scope, except, position } = revocation
  if (!isWide(scope)) return
  const ended = await countEnded(ports, { scope, except, at: position, before })
  keepCount(ports, revocation.id, { ended, isTargetKnown })
  ports.reports.revocationCounted({ revocation, requestId: request.id, affected: ended })
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
  readonly count: RevocationCount
}

function answer(ports: CarryOutPorts, answered: Answered): Answer {
  const { request, caller, entry, outcome, startedAtMs, count } = answered
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
    affected: count.ended,
  })
  return {
    status: statusOf(effect),
    headers: { location: `/v1/revocations/${revocation.id}` },
    body: { revocation: revocationJson(revocation, position), ...effect, ...revocationCountJson(count) },
  }
}
