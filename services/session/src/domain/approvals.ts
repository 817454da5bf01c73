/**
 * ④ Revocations that wait for a second operator.
 * Promise: nobody approves what he has asked for himself; what was rejected or has waited too long does not happen.
 */
import type { LogEntryOf, Scope } from '@curfew/contracts'

import type { Operator } from './operator.ts'

export type RequestedEntry = LogEntryOf<'revoked'> & { readonly reason: string }

export interface Approval {
  readonly entry: RequestedEntry
  readonly state: 'pending' | 'approved' | 'rejected'
  readonly decidedBy?: string | undefined
  readonly expiresAtMs: number
}

export type Decision = Exclude<Approval['state'], 'pending'>

/** Kept where every replica finds it. */
export interface ApprovalStore {
  /** Nothing happens where there is one of this id. */
  add(approval: Approval): Promise<void>
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

export function mayDecide(approval: Approval, operator: Operator, decision: Decision): boolean {
  // Whoever has asked may think better of it.
  return decision === 'rejected' || approval.entry.actor !== operator.actor
}
