/**
 * ④ Limits as HTTP callers meet them: 429 with `Retry-After` and the RateLimit fields.
 * Promise: every refusal is counted, and the first of a window is written down; a caller is never told another's numbers.
 */
import { addressClass, Problem, rateLimitFields } from '@curfew/service-kit'

import type { CallerReports } from '../../domain/operators/ports.ts'
import type { Throttle, ThrottlePolicy } from '../../domain/operators/throttle.ts'

/** Who asks how often. */
export interface ThrottlePolicies {
  /** Calls of one operator. */
  readonly operatorCalls: ThrottlePolicy
  /** Changes by the operators of one tenant, administrators excepted. */
  readonly tenantChanges: ThrottlePolicy
  /** Revocations of administrators by one operator who holds less than all powers over Curfew. */
  readonly administratorsRevoked: ThrottlePolicy
  /** Calls of one client. */
  readonly clientCalls: ThrottlePolicy
  /** Sessions that one client begins for one user. */
  readonly userSessions: ThrottlePolicy
  /** Credentials that were wrong, by where they came from. */
  readonly wrongCredentials: ThrottlePolicy
}

export interface Throttling {
  readonly throttle: Throttle
  readonly policies: ThrottlePolicies
  readonly reports: CallerReports
}

export interface Taking {
  readonly policy: ThrottlePolicy
  readonly key: string
  readonly actor: string
  readonly address: string
  readonly cost?: number
}

/** @throws Problem `too-many-requests` */
export async function takeOrRefuse({ throttle, reports }: Throttling, taking: Taking): Promise<void> {
  const { policy, key, actor, address, cost } = taking
  const taken = await throttle.take(policy, key, cost)
  if (taken.allowed) return
  reports.throttled({
    policy: policy.name,
    isFirst: taken.isFirstRefusal === true,
    actor,
    addressClass: addressClass(address),
  })
  throw new Problem('too-many-requests', undefined, { headers: rateLimitFields(policy, taken) })
}
