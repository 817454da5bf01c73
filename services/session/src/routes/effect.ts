/**
 * ④ What an operator is told about the effect of what he did.
 * Promise: 202, because nothing here proves yet that every verifier has heard of it; an unknown outcome is never a failure.
 */
import type { EffectState } from '@curfew/contracts'

export const ACCEPTED = 202

export interface EffectJson {
  readonly state: EffectState
  /** Whether Redis shows it already; it holds in any case. */
  readonly recorded: boolean
  readonly elapsed_ms: number
}

export type KnownOutcome =
  | { readonly kind: 'recorded'; readonly isProjected: boolean }
  | { readonly kind: 'unknown' }

export function effectJson(outcome: KnownOutcome, startedAtMs: number, nowMs: number): EffectJson {
  return {
    state: outcome.kind,
    recorded: outcome.kind === 'recorded' && outcome.isProjected,
    // The clock may have been set back meanwhile.
    elapsed_ms: Math.max(0, nowMs - startedAtMs),
  }
}
