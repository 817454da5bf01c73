/**
 * ④ Lets operators in before their request's body is read, and checks them again once it has arrived.
 * Promise: only a bearer token counts, never a cookie; the same 401 whatever was wrong with it; nobody guesses for long.
 */
import type { Permission, Scope, SessionId, Subject } from '@curfew/contracts'
import { addressClass, addressKey, Problem } from '@curfew/service-kit'
import type { FastifyRequest, onRequestAsyncHookHandler, preHandlerAsyncHookHandler } from 'fastify'

import { holds } from '../../domain/log/permissions.ts'
import type { ActRefusal } from '../../domain/operators/act-on-operators.ts'
import {
  authenticateOperator,
  type OperatorPorts,
  type OperatorUse,
} from '../../domain/operators/authenticate-operator.ts'
import { isRecent, strikesAdministrators, type Operator } from '../../domain/operators/operator.ts'
import { mayOperate } from '../../domain/sessions/client-limits.ts'
import { takeOrRefuse, type Throttling } from '../shared/throttling.ts'
import { createHeavyReads } from './heavy-reads.ts'

/**
 * Another tenant's; powers over Curfew that are not theirs to give or to take; what they have asked for themselves; a request while
 * too many wait.
 */
type OperatorRefusal = 'out-of-reach' | Exclude<ActRefusal, 'over'> | 'own-request' | 'too-many-pending'

type RefusedToken = { readonly reason: string; readonly sessionId?: SessionId }

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i

export interface OperatorGuard {
  /** An `onRequest` hook for a route that needs the permission; calling it is activity of the session unless told. */
  requires(permission: Permission, use?: OperatorUse): onRequestAsyncHookHandler
  /**
   * A `preHandler` hook for every route: the body may take as long as its sender likes, and the operator may have lost the
   * permission by then.
   */
  readonly requireStill: preHandlerAsyncHookHandler
  /** The operator as of the latest of these checks. */
  operatorOf(request: FastifyRequest): Operator
  /**
   * Runs a read that costs far more than one page, in its turn among those of the operator's tenant (heavy-reads.ts).
   * @throws Problem `too-many-requests` when too many are waiting.
   */
  heavyRead<T>(request: FastifyRequest, read: () => Promise<T>): Promise<T>
  /** Reports that the operator went too far, and gives back what he is told: it may look like nothing being there. */
  refusal(request: FastifyRequest, reason: OperatorRefusal, problem: Problem): Problem
  /** @throws Problem (RFC 9470) when the operator authenticated too long ago. */
  requireRecent(request: FastifyRequest): void
  /**
   * Takes one change from the budget of the operator's tenant. Wide revocations have a budget of their own, which narrow
   * changes cannot use up.
   * @throws Problem `too-many-requests`
   */
  takeChange(request: FastifyRequest, width?: 'narrow' | 'wide'): Promise<void>
  /**
   * Bounds how often an operator who may only revoke ends the sessions of administrators: they have to stay long enough to
   * take that permission back.
   * @throws Problem `too-many-requests`
   */
  takeStrike(request: FastifyRequest, scope: Scope, owner: Subject | undefined): Promise<void>
  /** @throws Problem when there is no reason, and there has to be one. */
  requireReason(reason: string | undefined): void
}

export interface OperatorRules {
  readonly recentAuthenticationMs: number
  /** Whether every change needs a reason, not only a revocation. */
  readonly areReasonsNeeded: boolean
}

const ACTIVITY = { isActivity: true }
const PASSIVE = { isActivity: false }

interface Admitted {
  readonly operator: Operator
  readonly permission: Permission
}

export function createOperatorGuard(
  ports: OperatorPorts,
  throttling: Throttling,
  { recentAuthenticationMs: recentMs, areReasonsNeeded }: OperatorRules,
): OperatorGuard {
  const admitted = new WeakMap<FastifyRequest, Admitted>()
  const refuse = refusing(ports)
  const heavyReads = createHeavyReads()
  const authenticate = authenticating(ports, throttling)

  function operatorOf(request: FastifyRequest): Operator {
    const operator = admitted.get(request)?.operator
    if (operator === undefined) throw new TypeError('the route has no operator guard')
    return operator
  }

  function admit(request: FastifyRequest, { operator, permission }: Admitted): void {
    if (!mayOperate(operator.known.session, ports.clients)) {
      refuse(request, 'client-may-not-operate', operator)
      throw new Problem('forbidden', 'sessions begun by this client are not accepted here')
    }
    if (!holds(operator.permissions, permission)) {
      refuse(request, 'permission-missing', operator)
      const needed = bearerChallenge(`error="insufficient_scope", scope="${permission}"`)
      throw new Problem('forbidden', undefined, { headers: needed })
    }
    admitted.set(request, { operator, permission })
  }

  return {
    operatorOf,
    heavyRead: (request, read) => heavyReads(operatorOf(request).tenant, read),
    refusal(request, reason, problem) {
      refuse(request, reason, operatorOf(request))
      return problem
    },
    requires: (permission, use = ACTIVITY) => {
      return async (request) => {
        const operator = await authenticate(request, use)
        const { actor } = operator
        const { operatorCalls: policy } = throttling.policies
        await takeOrRefuse(throttling, { policy, key: actor, actor, address: request.ip })
        admit(request, { operator, permission })
      }
    },
    requireStill: async (request) => {
      const before = admitted.get(request)
      if (before === undefined || request.body === undefined) return
      admit(request, { ...before, operator: await authenticate(request, PASSIVE) })
    },
    requireRecent(request) {
      const operator = operatorOf(request)
      if (isRecent(operator, ports.clock.nowMs(), recentMs)) return
      refuse(request, 'authentication-too-old', operator)
      throw tooOld(Math.floor(recentMs / 1_000))
    },
    async takeChange(request, width = 'narrow') {
      const { actor, tenant, isAdministrative } = operatorOf(request)
      if (isAdministrative) return
      const { tenantChanges: policy } = throttling.policies
      await takeOrRefuse(throttling, { policy, key: `${width} ${tenant}`, actor, address: request.ip })
    },
    async takeStrike(request, scope, owner) {
      const operator = operatorOf(request)
      if (!strikesAdministrators(operator, scope, owner)) return
      const { actor } = operator
      const { administratorsRevoked: policy } = throttling.policies
      await takeOrRefuse(throttling, { policy, key: actor, actor, address: request.ip })
    },
    requireReason: requiringReason(areReasonsNeeded),
  }
}

function requiringReason(areReasonsNeeded: boolean): OperatorGuard['requireReason'] {
  return (reason) => {
    if (areReasonsNeeded && reason === undefined)
      throw new Problem('bad-request', 'member "reason" is missing')
  }
}

type Refusing = (request: FastifyRequest, reason: string, operator?: Operator) => void

function refusing({ reports }: OperatorPorts): Refusing {
  return (request, reason, operator) =>
    reports.operatorRefused({
      reason,
      requestId: request.id,
      addressClass: addressClass(request.ip),
      ...(operator !== undefined && { sessionId: operator.sessionId, actor: operator.actor }),
    })
}

/** Whose token it is, whatever he may do. */
function authenticating(ports: OperatorPorts, throttling: Throttling) {
  const { wrongCredentials } = throttling.policies

  /** A token has 256 random bits, so what has to be stopped is not its being found but the load and the noise. */
  async function refuseToken(request: FastifyRequest, refused: RefusedToken): Promise<never> {
    const { id: requestId, ip: address } = request
    const key = addressKey(address)
    await takeOrRefuse(throttling, { policy: wrongCredentials, key, actor: 'anonymous', address })
    ports.reports.operatorRefused({ ...refused, requestId, addressClass: addressClass(address) })
    throw new Problem('unauthenticated', undefined, { headers: bearerChallenge('error="invalid_token"') })
  }

  return async (request: FastifyRequest, use: OperatorUse): Promise<Operator> => {
    const token = BEARER.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) throw new Problem('unauthenticated')
    const authentication = await authenticateOperator(ports, token, use)
    if (authentication.kind === 'refused') {
      const { kind: _, ...refused } = authentication
      return refuseToken(request, refused)
    }
    return authentication.operator
  }
}

/** RFC 6750 §3. */
function bearerChallenge(parameters: string): Record<string, string> {
  return { 'www-authenticate': `Bearer realm="curfew", ${parameters}` }
}

function tooOld(maxAgeSeconds: number): Problem {
  const challenge = `Bearer realm="curfew", error="insufficient_user_authentication", max_age="${maxAgeSeconds}"`
  return new Problem('insufficient-authentication', `log in again, then repeat within ${maxAgeSeconds} s`, {
    headers: { 'www-authenticate': challenge },
  })
}
