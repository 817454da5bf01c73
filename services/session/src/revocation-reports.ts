/**
 * ④ What is told of revocations by operators: to the log, the numbers and the audit trail.
 * Promise: each of them is told with who asked for it, why, on which request, and what became of it.
 */
import type { EffectState, Position } from '@curfew/contracts'

import type { Decision } from './domain/approvals.ts'
import type { Affected } from './domain/affected.ts'
import type { Revocation } from './domain/revocation.ts'

export interface RevocationReports {
  revocationRecorded(recorded: RecordedRevocation): void
  /** It waits for a second operator. */
  revocationRequested(requested: RequestedRevocation): void
  revocationDecided(decided: RequestedRevocation & { decision: Decision; by: string }): void
  /** How many sessions a revocation of many has ended, which nobody waited for. */
  revocationCounted(counted: Pick<RecordedRevocation, 'revocation' | 'requestId' | 'affected'>): void
}

export interface RecordedRevocation {
  /** Its position is null while it is not known whether the log has it. */
  readonly revocation: Omit<Revocation, 'position'> & { readonly position: Position | null }
  readonly state: EffectState
  readonly isProjected: boolean
  readonly requestId: string
  /** `confirmed by 4 of 4`. */
  readonly effect: string
  /** How many sessions it ended and whose they were, where that could be found out in a moment. */
  readonly affected?: Affected | undefined
}

export interface RequestedRevocation {
  readonly revocation: Omit<Revocation, 'position'>
  readonly requestId: string
}
