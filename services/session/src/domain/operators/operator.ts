/**
 * ④ Who may do what to whom as an operator.
 * Promise: an operator of one tenant learns nothing about any other, not even whether it exists.
 */
import {
  ADMINISTRATIVE_TENANT,
  type Permission,
  type Scope,
  type SessionId,
  type Subject,
  type TenantId,
} from '@curfew/contracts'

import { effectivePermissions, holds, OPERATOR } from '../log/permissions.ts'
import { isWide, type WideFacts } from '../log/wide-facts.ts'
import type { KnownOperator } from './operator-memory.ts'

export interface Operator {
  readonly sessionId: SessionId
  readonly known: KnownOperator
  readonly tenant: TenantId
  /** As log entries name it. */
  readonly actor: string
  readonly authTimeMs: number
  readonly permissions: ReadonlySet<Permission>
  readonly isAdministrative: boolean
}

export function operatorOf(known: KnownOperator, wide: WideFacts): Operator {
  const { id, tenant, user, authTimeMs } = known.session
  return {
    sessionId: id,
    known,
    tenant,
    actor: `${tenant}/${user}`,
    authTimeMs,
    permissions: new Set(effectivePermissions(tenant, known.subject.grants, wide)),
    isAdministrative: tenant === ADMINISTRATIVE_TENANT,
  }
}

export function reaches(operator: Operator, tenant: TenantId): boolean {
  return operator.isAdministrative || operator.tenant === tenant
}

export function isSelf({ known: { session } }: Operator, { tenant, user }: Subject): boolean {
  return session.tenant === tenant && session.user === user
}

/** `hidden` must look like something that does not exist. */
export type Reach = 'allowed' | 'forbidden' | 'hidden'

/** Whose a session is has to be looked up (revocation-reach.ts). */
export function reachOf(operator: Operator, scope: Exclude<Scope, { type: 'session' }>): Reach {
  switch (scope.type) {
    case 'global':
    case 'client':
      return operator.isAdministrative ? 'allowed' : 'forbidden'
    case 'tenant':
    case 'user':
      return reaches(operator, scope.tenant) ? 'allowed' : 'hidden'
  }
}

export function needsRecentAuthentication(scope: Scope): boolean {
  return isWide(scope)
}

export function isRecent(operator: Operator, nowMs: number, maxAgeMs: number): boolean {
  return nowMs - operator.authTimeMs <= maxAgeMs
}

/**
 * Whether the scope ends sessions of other administrators, for an operator who holds less than all powers over Curfew.
 * @param owner of a single session, as far as it is known
 */
export function strikesAdministrators(operator: Operator, scope: Scope, owner: Subject | undefined): boolean {
  if (holds(operator.permissions, OPERATOR)) return false
  switch (scope.type) {
    case 'global':
    case 'client':
      return true
    case 'tenant':
      return scope.tenant === ADMINISTRATIVE_TENANT
    case 'user':
      return isOtherAdministrator(operator, scope)
    case 'session':
      return owner !== undefined && isOtherAdministrator(operator, owner)
  }
}

function isOtherAdministrator(operator: Operator, subject: Subject): boolean {
  return subject.tenant === ADMINISTRATIVE_TENANT && !isSelf(operator, subject)
}

/** Whether the scope would end the operator's own session. */
export function coversOperator(scope: Scope, { known: { session } }: Operator): boolean {
  switch (scope.type) {
    case 'global':
      return true
    case 'tenant':
      return scope.tenant === session.tenant
    case 'user':
      return scope.tenant === session.tenant && scope.user === session.user
    case 'client':
      return scope.client === session.client
    case 'session':
      return scope.session === session.id
  }
}
