/**
 * ④ Revocations, and suspensions of tenants, that wait for a second operator.
 * Promise: nobody approves what he has asked for himself; what was rejected, has waited too long, or was asked by an operator who
 * may not ask for it any more does not happen.
 */
import {
  subjectOf,
  type LogEntryOf,
  type Position,
  type Scope,
  type SessionId,
  type SubjectKey,
  type TenantId,
} from '@curfew/contracts'

import { reaches, type Operator } from '../operators/operator.ts'

export type RequestedEntry = LogEntryOf<'revoked'> & { readonly reason: string }

/** Of a whole tenant: it ends as much as a revocation of the tenant does. */
export type RequestedSuspension = LogEntryOf<'suspended' | 'resumed'> & {
  readonly type: 'suspended'
  readonly reason: string
}

export interface Approval {
  readonly entry: RequestedEntry | RequestedSuspension
  /** Of a suspension: where the log had last spoken of it. Whatever is said of it meanwhile keeps it from happening. */
  readonly onTopOf?: Position | undefined
  /** The session that asked: the request is worth what that session may do when it is approved. */
  readonly session: SessionId
  /** `voided`: the operator who asked may not ask for it any more. */
  readonly state: 'pending' | 'approved' | 'rejected' | 'voided'
  readonly decidedBy?: string | undefined
  readonly expiresAtMs: number
}

export type Decision = Exclude<Approval['state'], 'pending'>

/** Requests that wait at the same time. Each tenant's operators have room of their own, so that none takes another's. */
export const MAX_PENDING_PER_OPERATOR = 20
export const MAX_PENDING_PER_TENANT = 100

/** `added` also where there was one of this id before; the others say whose room is full. */
export type Added = 'added' | 'operator-full' | 'tenant-full'

/** Kept where every replica finds it. */
export interface ApprovalStore {
  /** Nothing happens where there is one of this id, or no room for another one. */
  add(approval: Approval, nowMs: number): Promise<Added>
  find(id: string): Promise<Approval | undefined>
  /** Decides it unless it has been decided; answers how it is now, undefined once it has expired. */
  decide(id: string, decision: Decision, by: string): Promise<Approval | undefined>
  /** Those that wait, the next to expire first, after a cursor of the page before. */
  page(after: string | undefined, nowMs: number): Promise<ApprovalPage>
}

export interface ApprovalPage {
  readonly approvals: readonly Approval[]
  readonly next: string | undefined
}

export interface ApprovalPolicy {
  /** Scopes that one operator alone does not revoke. */
  readonly scopes: ReadonlySet<Scope['type']>
  readonly waitMs: number
}

/**
 * Whether it takes two operators. The kind of scope decides, not how many sessions it happens to hit: the same act has to be the same at
 * every hour, and cannot be cut into small ones. A client may be used by everybody, and counts as everybody.
 */
export function needsTwo({ scopes }: ApprovalPolicy, scope: Scope): boolean {
  return scopes.has(scope.type === 'client' ? 'global' : scope.type)
}

/** Whose sessions it ends. */
export function scopeOf(entry: Approval['entry']): Scope {
  return entry.type === 'revoked' ? entry.scope : { type: 'tenant', tenant: entry.tenant }
}

/** The tenant of the operator who asked. */
export function tenantOfAsker(actor: string): TenantId {
  return subjectOf(actor as SubjectKey).tenant
}

/**
 * A request is open to the tenant whose operator asked, which is the one it is about, and to administrators. What an administrator
 * asks against a tenant is hidden from it: its operators would learn of it in time, and could stop it or wave it through.
 */
export function isOpenTo({ entry }: Pick<Approval, 'entry'>, operator: Operator): boolean {
  return reaches(operator, tenantOfAsker(entry.actor))
}

export function mayDecide(approval: Approval, operator: Operator, decision: Decision): boolean {
  // Whoever has asked may think better of it.
  return decision === 'rejected' || approval.entry.actor !== operator.actor
}
