/** The history of revocations, and the events of revocations that operators ask for. */
import type { EffectState, Position } from '@curfew/contracts'

import type { Affected, RevocationCount } from './affected.ts'
import type { Decision } from './approvals.ts'
import type { Revocation } from './revocation.ts'

export interface RevocationHistory {
  find(id: string): Promise<Revocation | undefined>
  /** Newest first, only those before `before`. */
  page(before: Position | undefined, limit: number): Promise<readonly Revocation[]>
  /** The count kept about the sessions that a revocation ended; undefined until one is kept. */
  countOf(id: string): Promise<RevocationCount | undefined>
  /** Keeps the first count of a revocation and ignores later ones: a repetition ends nothing. */
  keepCount(id: string, count: RevocationCount): Promise<void>
}

/** Each event names the operator, the reason, the request and the outcome. */
export interface RevocationReports {
  revocationRecorded(recorded: RecordedRevocation): void
  /** The revocation waits for a second operator. */
  revocationRequested(requested: RequestedRevocation): void
  revocationDecided(decided: RequestedRevocation & { decision: Decision; by: string }): void
  /** The count of the sessions that a wide revocation has ended, when the answer did not wait for it. */
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
  /** The number of ended sessions and their owner, when the count was ready in time for the answer. */
  readonly affected?: Affected | undefined
}

export interface RequestedRevocation {
  readonly revocation: Omit<Revocation, 'position'>
  readonly requestId: string
}
