/**
 * ④ What an operator is told about the effect of what he did.
 * Promise: 200 only once it is confirmed; an unknown outcome is never a failure.
 */
import type { EffectState } from '@curfew/contracts'
import type { Confirmation } from '@curfew/revocation-log'

import type { Effective } from '../../domain/log/record-fact.ts'

export interface EffectJson {
  readonly state: EffectState
  readonly confirmed_by?: Confirmation['confirmedBy']
  /** Whether Redis shows it already; it holds in any case. */
  readonly recorded: boolean
  readonly verifiers?: Confirmation['verifiers']
  readonly elapsed_ms: number
}

export type KnownOutcome = Effective | { readonly kind: 'unknown' }

export function effectJson(outcome: KnownOutcome, startedAtMs: number, nowMs: number): EffectJson {
  return {
    state: outcome.kind,
    ...(outcome.kind === 'confirmed' && { confirmed_by: outcome.confirmation.confirmedBy }),
    recorded: outcome.kind !== 'unknown' && outcome.isProjected,
    ...(outcome.kind === 'confirmed' && { verifiers: outcome.confirmation.verifiers }),
    // The clock may have been set back meanwhile.
    elapsed_ms: Math.max(0, nowMs - startedAtMs),
  }
}

/** 202 for what holds only here so far, or may not have happened. */
export function statusOf({ state }: EffectJson): 200 | 202 {
  return state === 'confirmed' ? 200 : 202
}
