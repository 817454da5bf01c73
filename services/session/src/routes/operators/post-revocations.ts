/**
 * ④ `POST /v1/revocations`: ends every session of a scope.
 * Promise: repeated with its Idempotency-Key it is the same revocation; who may not see a scope cannot tell it from none.
 */
import { ScopeSchema, entryHead } from '@curfew/contracts'
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'

import { keptText } from '../../domain/audit/audit-record.ts'
import { REVOKE } from '../../domain/log/permissions.ts'
import { isWide } from '../../domain/log/wide-facts.ts'
import { coversOperator, needsRecentAuthentication, type Operator } from '../../domain/operators/operator.ts'
import type { Affected } from '../../domain/revocations/affected.ts'
import {
  needsTwo,
  type ApprovalPolicy,
  type ApprovalStore,
  type RequestedEntry,
} from '../../domain/revocations/approvals.ts'
import { knowsTarget } from '../../domain/revocations/count-affected.ts'
import { wouldAffect } from '../../domain/revocations/dry-run.ts'
import { revocationReach, type Reached } from '../../domain/revocations/revocation-reach.ts'
import { isSameRequest, newRevocationId, revocationIdFor } from '../../domain/revocations/revocation.ts'
import { findRevocation } from '../../domain/revocations/revoke.ts'
import { requestedOf } from '../shared/approval-json.ts'
import { wouldAffectJson } from '../shared/count-json.ts'
import { answerEffect } from '../shared/effect-answer.ts'
import { ReasonSchema } from '../shared/fields.ts'
import { revocationAnswers } from '../shared/shapes.ts'
import { askForApproval } from './ask-for-approval.ts'
import { carryOut, type CarryOutPorts } from './carry-out-revocation.ts'
import type { OperatorGuard } from './operator-guard.ts'

const BodySchema = Type.Object(
  {
    scope: ScopeSchema,
    reason: ReasonSchema,
    except_current: Type.Optional(Type.Boolean({ description: 'Spares the session that makes this call' })),
    dry_run: Type.Optional(Type.Boolean({ description: 'Only counts whom it would hit' })),
  },
  { additionalProperties: false },
)
type Body = Static<typeof BodySchema>

const HeadersSchema = Type.Object({
  'idempotency-key': Type.Optional(Type.String({ pattern: '^[\\x20-\\x7e]{1,128}$' })),
})

export interface RevocationPorts extends CarryOutPorts {
  readonly approvals: ApprovalStore
}

export interface RevocationRules {
  readonly guard: OperatorGuard
  readonly approval: ApprovalPolicy
}

export function postRevocations(
  app: CurfewServer,
  ports: RevocationPorts,
  { guard, approval }: RevocationRules,
): void {
  const schema = {
    body: BodySchema,
    headers: HeadersSchema,
    ...described({ summary: 'Ends every session of a scope, or counts them', answers: revocationAnswers() }),
  }
  app.post('/v1/revocations', { schema, onRequest: guard.requires(REVOKE) }, async (request, reply) => {
    const startedAtMs = ports.clock.nowMs()
    const { body } = request
    const operator = guard.operatorOf(request)
    const key = request.headers['idempotency-key']
    const entry = entryFor(body, operator, { key, atMs: startedAtMs })
    if (body.dry_run === true) {
      const found = requireReach(guard, request, await revocationReach(ports, operator, body.scope))
      const [affected, isTargetKnown] = await Promise.all([
        guard.heavyRead(request, () => wouldAffect(ports, body.scope, { found, spared: entry.except?.[0] })),
        knowsTarget(ports.directory, body.scope),
      ])
      const known = isTargetKnown === undefined ? {} : { target_known: isTargetKnown }
      return { dry_run: true, scope: body.scope, would_affect: wouldAffectJson(affected), ...known }
    }
    if (needsRecentAuthentication(body.scope)) guard.requireRecent(request)
    await guard.takeChange(request, isWide(body.scope) ? 'wide' : 'narrow')

    // Before the earlier requests: what has ended a session that is not there any more is then found.
    const reached = await revocationReach(ports, operator, body.scope)
    // A lost Redis must not stop a revocation, and the log notices a repetition as well.
    const prior = key === undefined ? undefined : await findRevocation(ports, entry.id).catch(() => undefined)
    if (key !== undefined && prior === undefined) await requireUnusedKey(ports, entry)
    const found = prior === undefined ? requireReach(guard, request, reached) : undefined
    const isAsked = prior === undefined && needsTwo(approval, body.scope)
    if (prior === undefined && !isAsked) await guard.takeStrike(request, body.scope, found?.owner)
    return answerEffect(ports, { request, reply, startedAtMs }, async (onlooker) =>
      isAsked
        ? askForApproval(ports, {
            request,
            guard,
            entry,
            session: operator.sessionId,
            waitMs: approval.waitMs,
          })
        : carryOut(ports, { request, caller: operator, entry, prior, found, startedAtMs, onlooker }),
    )
  })
}

/** @throws Problem where the key stands for another request that waits, or has waited, for a second operator. */
async function requireUnusedKey({ approvals }: RevocationPorts, entry: RequestedEntry): Promise<void> {
  // A lost Redis must not stop a narrow revocation; a wide one asks it again.
  const asked = await approvals.find(entry.id).catch(() => undefined)
  if (asked !== undefined && !isSameRequest(requestedOf(asked), entry))
    throw new Problem('idempotency-key-reused')
}

function entryFor(
  { scope, reason, except_current: isCurrentSpared }: Body,
  operator: Operator,
  { key, atMs }: { readonly key: string | undefined; readonly atMs: number },
): RequestedEntry {
  if (isCurrentSpared === true && scope.type === 'session')
    throw new Problem('bad-request', 'member "except_current" cannot go with a single session')
  const isSpared = isCurrentSpared === true && coversOperator(scope, operator)
  return {
    ...entryHead(
      key === undefined ? newRevocationId() : revocationIdFor(operator.actor, key),
      atMs,
      operator.actor,
    ),
    type: 'revoked',
    reason: keptText(reason),
    scope,
    ...(isSpared && { except: [operator.sessionId] }),
  }
}

function requireReach(
  guard: OperatorGuard,
  request: FastifyRequest,
  { reach, affected }: Reached,
): Affected | undefined {
  if (reach === 'allowed') return affected
  const code = reach === 'forbidden' ? 'forbidden' : 'not-found'
  throw guard.refusal(request, 'out-of-reach', new Problem(code))
}
