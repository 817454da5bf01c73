/** What a replica of the log needs of the service that it is part of, and the words in which the service speaks to it. */
import type { LogEntry, Position } from '@curfew/contracts'

import type { Confirmation, ConfirmationWatch } from '../membership/confirmation.ts'
import type { RefusedJoin } from '../membership/member-admission.ts'
import type { Restored } from '../membership/restored.ts'
import type { LogIdentity } from '../stream/log.ts'

export type Publication =
  | { readonly kind: 'stored'; readonly position: Position; readonly duplicate: boolean }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown' }

/** Conditions under which the log stores an entry. */
export interface Expected {
  /** Position of the latest entry about the same entity. */
  readonly last?: Position | undefined
  /** Position of the latest entry of the log: no other entry has come after the ones that the writer has seen. */
  readonly end?: Position | undefined
}

export interface Confirming {
  readonly withinMs?: number | undefined
  /** The entry did not ask members to acknowledge it to this replica: they have to be asked again. */
  readonly isRepeat?: boolean
  readonly watch?: ConfirmationWatch | undefined
}

/** The state that the service keeps of the log, shared by all its replicas. */
export interface StoredState {
  load(): Promise<LoadedState>
  /** Ties the state to this log, unless it is tied to another one already. Resolves to the log to which it is tied. */
  enter(log: LogIdentity): Promise<LogIdentity>
}

export interface LoadedState {
  /** Everything up to here is in it. */
  readonly projected: Position
  /** Puts what was loaded into effect in this process. Returns its members and lease. */
  readonly resume: (epoch: number) => Restored
}

export interface ReplicaReports {
  /** A caller waited for a confirmation; `none` when it did not come in time or could not be given. */
  confirmationSettled(settled: { by: Confirmation['confirmedBy'] | 'none'; durationMs: number }): void
  viewStartedAgain(reason: string): void
  logInDoubt(reason: string): void
  /** Nothing is granted, confirmed or answered until a new epoch is opened. */
  logFrozen(reason: string): void
  /** A verifier may not become a member now. */
  joinRefused(refused: RefusedJoin): void
  /** An entry was not stored. */
  logHadNoRoom(type: LogEntry['type']): void
  /** The stored state stands in an earlier epoch than the log, which begins with a revocation of everyone. */
  epochEntered(entered: { epoch: number; logId: string; projected: Position }): void
}
