/**
 * ④ Lets operators in, before their request's body is read.
 * Promise: only a bearer token counts, never a cookie; the same 401 whatever was wrong with it.
 */
import type { Permission } from '@curfew/contracts'
import { Problem } from '@curfew/service-kit'
import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'

import { authenticateOperator, type OperatorPorts } from '../domain/authenticate-operator.ts'
import { isRecent, type Operator } from '../domain/operator.ts'
import { holds } from '../domain/permissions.ts'

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i

export interface OperatorGuard {
  /** An `onRequest` hook for a route that needs the permission. */
  requires(permission: Permission): onRequestAsyncHookHandler
  /** The operator that the hook let in. */
  operatorOf(request: FastifyRequest): Operator
  /** @throws Problem (RFC 9470) when the operator authenticated too long ago. */
  requireRecent(request: FastifyRequest): void
}

export function createOperatorGuard(ports: OperatorPorts, recentMs: number): OperatorGuard {
  const operators = new WeakMap<FastifyRequest, Operator>()

  function operatorOf(request: FastifyRequest): Operator {
    const operator = operators.get(request)
    if (operator === undefined) throw new TypeError('the route has no operator guard')
    return operator
  }

  function refuse(request: FastifyRequest, reason: string, operator?: Operator): void {
    ports.reports.operatorRefused({
      reason,
      requestId: request.id,
      ...(operator !== undefined && { sessionId: operator.sessionId }),
    })
  }

  return {
    operatorOf,
    requires: (permission) => async (request) => {
      const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
      if (token === undefined) throw new Problem('unauthenticated')
      const authentication = await authenticateOperator(ports, token)
      if (authentication.kind === 'refused') {
        const { kind: _, ...refused } = authentication
        ports.reports.operatorRefused({ ...refused, requestId: request.id })
        throw new Problem('unauthenticated')
      }
      const { operator } = authentication
      if (!holds(operator.permissions, permission)) {
        refuse(request, 'permission-missing', operator)
        throw new Problem('forbidden')
      }
      operators.set(request, operator)
    },
    requireRecent(request) {
      const operator = operatorOf(request)
      if (isRecent(operator, ports.clock.nowMs(), recentMs)) return
      refuse(request, 'authentication-too-old', operator)
      throw tooOld(Math.floor(recentMs / 1_000))
    },
  }
}

function tooOld(maxAgeSeconds: number): Problem {
  const challenge =
    'Bearer error="insufficient_user_authentication", ' +
    `error_description="A more recent authentication is required", max_age=${maxAgeSeconds}`
  return new Problem('insufficient-authentication', `log in again, then repeat within ${maxAgeSeconds} s`, {
    headers: { 'www-authenticate': challenge },
  })
}
