/**
 * ④ `GET /v1/verifiers`: every process that revocations are confirmed by, replicas of this service included, as this
 * replica has heard of them. About the whole deployment, so for operators of the administrative tenant only.
 */
import { Problem, type CurfewServer, described } from '@curfew/service-kit'
import { Type } from 'typebox'

import { READ } from '../../domain/log/permissions.ts'
import type { Members } from '../../domain/log/ports.ts'
import { VerifierShape } from '../shared/shapes.ts'
import type { OperatorGuard } from './operator-guard.ts'

export function getVerifiers(app: CurfewServer, members: Members, guard: OperatorGuard): void {
  // A picture that refreshes itself keeps nobody's idle session alive.
  const onRequest = guard.requires(READ, { isActivity: false })
  const schema = described({
    summary: 'The processes that revocations are confirmed by',
    answers: { 200: Type.Array(VerifierShape) },
  })
  app.get('/v1/verifiers', { schema, onRequest }, async (request) => {
    if (!guard.operatorOf(request).isAdministrative) throw new Problem('forbidden')
    return members.members().map((status) => ({
      id: status.member.member,
      kind: status.member.kind,
      service: status.member.service,
      host: status.member.host,
      protocol: status.member.protocol,
      applied: status.applied,
      lag: status.lag,
      lease_remaining_ms: status.leaseRemainingMs,
      cached_sessions: status.cachedSessions,
      joined_at: status.joinedAt,
    }))
  })
}
