/**
 * ④ `POST /v1/revocations`: ends every session of a scope.
 * Promise: repeated with its Idempotency-Key it is the same revocation; who may not see a scope cannot tell it from none.
 */
import { ScopeSchema, type LogEntryOf, type Scope, type SessionId } from '@curfew/contracts'
import { Problem, type CurfewServer } from '@curfew/service-kit'
import type { FastifyRequest } from 'fastify'
import { Type, type Static } from 'typebox'

import { keptText } from '../domain/audit-record.ts'
import type { AuditTrail } from '../domain/audit-trail.ts'
import { findLive, type OperatorPorts } from '../domain/authenticate-operator.ts'
import { countSoon, type Affected } from '../domain/count-affected.ts'
import { wouldAffect } from '../domain/dry-run.ts'
import { coversOperator, needsRecentAuthentication, type Operator } from '../domain/operator.ts'
import { REVOKE } from '../domain/permissions.ts'
import { revocationReach } from '../domain/revocation-reach.ts'
import { newRevocationId, revocationIdFor } from '../domain/revocation.ts'
import {
  findRevocation,
  revoke,
  settleRepeat,
  type RevokeOutcome,
  type RevokePorts,
  type WatchRevocation,
} from '../domain/revoke.ts'
import { effectText } from '../domain/security-events.ts'
import { isoTime } from '../iso-time.ts'
import { answerEffect, type Answer, type Onlooker } from './effect-answer.ts'
import { effectJson, statusOf } from './effect.ts'
import { ReasonSchema } from './fields.ts'
import type { OperatorGuard } from './operator-guard.ts'
import { revocationJson } from './revocation-json.ts'

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

export type RevocationPorts = OperatorPorts &
  Omit<RevokePorts, 'recheck'> & { readonly audit: Pick<AuditTrail, 'settled'> }

export function postRevocations(app: CurfewServer, ports: RevocationPorts, guard: OperatorGuard): void {
  const schema = { body: BodySchema, headers: HeadersSchema }
  app.post('/v1/revocations', { schema, onRequest: guard.requires(REVOKE) }, async (request, reply) => {
    const startedAtMs = ports.clock.nowMs()
    const { body } = request
    const operator = guard.operatorOf(request)
    const key = request.headers['idempotency-key']
    const entry = entryFor(body, operator, { key, at: isoTime(startedAtMs) })
    if (body.dry_run === true) {
      await requireReach(ports, guard, { request, scope: body.scope })
      const affected = await wouldAffect(ports, body.scope, entry.except?.[0])
      return { dry_run: true, scope: body.scope, would_affect: affected }
    }
    if (needsRecentAuthentication(body.scope)) guard.requireRecent(request)

    // A lost Redis must not stop a revocation, and the log notices a repetition as well.
    const prior = key === undefined ? undefined : await findRevocation(ports, entry.id).catch(() => undefined)
    if (prior === undefined) await requireReach(ports, guard, { request, scope: body.scope })
    return answerEffect(ports, { request, reply, startedAtMs }, async (onlooker) => {
      const watch = onlooker && watchingWith(onlooker)
      const affected = prior === undefined ? await countSoon(ports, entry) : undefined
      const outcome =
        prior === undefined
          ? await revoke({ ...ports, recheck: rechecking(ports) }, entry, watch)
          : await settleRepeat(ports, entry, { prior, watchRevocation: watch })
      return answer(ports, { request, entry, outcome, startedAtMs, affected })
    })
  })
}

function watchingWith(onlooker: Onlooker): WatchRevocation {
  return (revocation) => {
    const { position } = revocation
    return onlooker({ revocation: revocationJson(revocation, position), position })
  }
}

function entryFor(
  { scope, reason, except_current: isCurrentSpared }: Body,
  operator: Operator,
  { key, at }: { readonly key: string | undefined; readonly at: string },
): LogEntryOf<'revoked'> & { reason: string } {
  if (isCurrentSpared === true && scope.type === 'session')
    throw new Problem('bad-request', 'member "except_current" cannot go with a single session')
  const isSpared = isCurrentSpared === true && coversOperator(scope, operator)
  return {
    v: 1,
    id: key === undefined ? newRevocationId() : revocationIdFor(operator.actor, key),
    type: 'revoked',
    at,
    actor: operator.actor,
    reason: keptText(reason),
    scope,
    ...(isSpared && { except: [operator.sessionId] }),
  }
}

async function requireReach(
  ports: RevocationPorts,
  guard: OperatorGuard,
  { request, scope }: { readonly request: FastifyRequest; readonly scope: Scope },
): Promise<void> {
  const reach = await revocationReach(ports, guard.operatorOf(request), scope)
  if (reach === 'allowed') return
  const code = reach === 'forbidden' ? 'forbidden' : 'not-found'
  throw guard.refusal(request, 'out-of-reach', new Problem(code))
}

function rechecking(ports: OperatorPorts): RevokePorts['recheck'] {
  return async (session: SessionId) => {
    const found = await findLive(ports, session, { isActivity: true })
    return typeof found === 'string' ? undefined : found
  }
}

interface Answered {
  readonly request: FastifyRequest
  readonly entry: LogEntryOf<'revoked'> & { reason: string }
  readonly outcome: RevokeOutcome
  readonly startedAtMs: number
  readonly affected: Affected | undefined
}

function answer(ports: RevocationPorts, answered: Answered): Answer {
  const { request, entry, outcome, startedAtMs, affected } = answered
  if (outcome.kind === 'reused') throw new Problem('idempotency-key-reused')
  // Somebody ended the operator's own session while he was making this call.
  if (outcome.kind === 'spared-is-over') throw new Problem('unauthenticated')
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
