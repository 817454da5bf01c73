/**
 * ④ `GET /v1/approvals`, `POST /v1/revocations/{id}/approve` and `/reject`: the word of a second operator, about revocations and
 * about suspensions of tenants.
 * Promise: approved once, it happens once, also when the first attempt was cut off; a request that is not open to an operator looks
 * like none.
 */
import type { Position } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'

import { READ, REVOKE } from '../../domain/log/permissions.ts'
import { recordFact } from '../../domain/log/record-fact.ts'
import { couldCall } from '../../domain/operators/authenticate-operator.ts'
import {
  isOpenTo,
  mayDecide,
  type Approval,
  type RequestedSuspension,
} from '../../domain/revocations/approvals.ts'
import { REVOCATION_ID_PATTERN } from '../../domain/revocations/revocation.ts'
import { findRevocation } from '../../domain/revocations/revoke.ts'
import { formatCursor, parseCursor } from '../../domain/sessions/cursors.ts'
import { approvalJson, requestedOf } from '../shared/approval-json.ts'
import { answerEffect, type Answering } from '../shared/effect-answer.ts'
import { effectJson, statusOf } from '../shared/effect.ts'
import { CursorSchema } from '../shared/fields.ts'
import { revocationJson } from '../shared/revocation-json.ts'
import { ApprovalShape, effectAnswers, listShape, revocationMembers } from '../shared/shapes.ts'
import { carryOut } from './carry-out-revocation.ts'
import { tellSuspension } from './change-suspension.ts'
import type { OperatorGuard } from './operator-guard.ts'
import type { RevocationPorts } from './post-revocations.ts'

const ListQuery = Type.Object({ cursor: Type.Optional(CursorSchema) }, { additionalProperties: false })
const ParamsSchema = Type.Object({ id: Type.String({ pattern: REVOCATION_ID_PATTERN }) })

export function getApprovals(app: CurfewServer, ports: RevocationPorts, guard: OperatorGuard): void {
  const schema = {
    querystring: ListQuery,
    ...described({
      summary: 'Revocations that wait for a second operator',
      answers: { 200: listShape('approvals', ApprovalShape) },
    }),
  }
  app.get('/v1/approvals', { schema, onRequest: guard.requires(READ) }, async (request) => {
    const { cursor } = request.query
    const after = cursor === undefined ? undefined : parseCursor('expiry', cursor)
    if (cursor !== undefined && after === undefined)
      throw new Problem('bad-request', 'query parameter "cursor" is not one of this list')
    const { approvals, next } = await ports.approvals.page(after, ports.clock.nowMs())
    const operator = guard.operatorOf(request)
    return {
      approvals: approvals.filter((approval) => isOpenTo(approval, operator)).map(approvalJson),
      next_cursor: next === undefined ? null : formatCursor('expiry', next),
    }
  })
}

export function postApproval(app: CurfewServer, ports: RevocationPorts, guard: OperatorGuard): void {
  const onRequest = guard.requires(REVOKE)
  const approve = {
    params: ParamsSchema,
    ...described({
      summary: 'Carries out a revocation that another operator has asked for',
      answers: effectAnswers(revocationMembers),
    }),
  }
  app.post('/v1/revocations/:id/approve', { schema: approve, onRequest }, async (request, reply) => {
    const startedAtMs = ports.clock.nowMs()
    const approval = await decide(ports, guard, { request, id: request.params.id, decision: 'approved' })
    const { entry } = approval
    if (entry.type === 'suspended')
      return suspendApproved(ports, { request, reply, startedAtMs }, { ...approval, entry })
    return answerEffect(ports, { request, reply, startedAtMs }, async (onlooker) => {
      const caller = guard.operatorOf(request)
      const prior = await findRevocation(ports, entry.id)
      return carryOut(ports, { request, caller, entry, prior, startedAtMs, onlooker })
    })
  })
  const reject = {
    params: ParamsSchema,
    ...described({ summary: 'Lets a revocation that waits not happen', answers: { 200: ApprovalShape } }),
  }
  app.post('/v1/revocations/:id/reject', { schema: reject, onRequest }, async (request) =>
    approvalJson(await decide(ports, guard, { request, id: request.params.id, decision: 'rejected' })),
  )
}

/** Once, and only while nobody has said anything else of this suspension since it was asked for. */
function suspendApproved(
  ports: RevocationPorts,
  answering: Answering,
  approval: Decided & { readonly entry: RequestedSuspension },
): Promise<FastifyReply> {
  const { request, startedAtMs } = answering
  const { entry, onTopOf } = approval
  return answerEffect(ports, answering, async (onlooker) => {
    const watch =
      onlooker &&
      ((at: Position) => onlooker({ revocation: revocationJson(requestedOf(approval), at), position: at }))
    const outcome = await recordFact(ports, entry, { expected: { last: onTopOf }, watch })
    if (outcome.kind === 'conflict')
      throw new Problem('conflict', 'the tenant has been suspended or resumed since this was asked for')
    // It happens once, and is told once, however often it is approved.
    const isTold = approval.isAgain && outcome.kind !== 'unknown' && outcome.isRepeat
    const effect = isTold
      ? effectJson(outcome, startedAtMs, ports.clock.nowMs())
      : tellSuspension(ports, { request, entry, outcome, startedAtMs })
    const position = outcome.kind === 'unknown' ? null : outcome.position
    return {
      status: statusOf(effect),
      body: { revocation: revocationJson(requestedOf(approval), position), ended: null, ...effect },
    }
  })
}

interface Decided extends Approval {
  /** It had been decided like this before. */
  readonly isAgain: boolean
}

interface Deciding {
  readonly request: FastifyRequest
  readonly id: string
  readonly decision: 'approved' | 'rejected'
}

async function decide(
  ports: RevocationPorts,
  guard: OperatorGuard,
  { request, id, decision }: Deciding,
): Promise<Decided> {
  const operator = guard.operatorOf(request)
  const asked = await ports.approvals.find(id)
  if (asked === undefined || !isOpenTo(asked, operator)) throw new Problem('not-found')
  guard.requireRecent(request)
  await guard.takeChange(request)
  if (!mayDecide(asked, operator, decision))
    throw guard.refusal(
      request,
      'own-request',
      new Problem('forbidden', 'another operator than the one who asked has to approve it'),
    )
  if (decision === 'approved' && asked.state === 'pending')
    await requireAskersAuthority(ports, request, asked)
  const decided = await ports.approvals.decide(id, decision, operator.actor)
  if (decided === undefined) throw new Problem('not-found')
  if (decided.state !== decision) throw new Problem('conflict', `it has been ${decided.state} already`)
  const revocation = requestedOf(decided)
  // Told again where somebody approves again, since that is what he has done.
  ports.reports.revocationDecided({ revocation, decision, by: operator.actor, requestId: request.id })
  return { ...decided, isAgain: asked.state === decision }
}

/** @throws Problem where the operator who asked could not ask for it now; the request is void from then on. */
async function requireAskersAuthority(
  ports: RevocationPorts,
  request: FastifyRequest,
  { entry: { id }, session }: Approval,
): Promise<void> {
  if (await couldCall(ports, session, REVOKE)) return
  const by = 'system'
  const decided = await ports.approvals.decide(id, 'voided', by)
  if (decided?.state === 'voided') {
    const revocation = requestedOf(decided)
    ports.reports.revocationDecided({ revocation, decision: 'voided', by, requestId: request.id })
  }
  throw new Problem('conflict', 'the operator who asked may not ask for this any more')
}
