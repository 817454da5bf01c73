/**
 * ⑤ What the follower is told and what it asks for.
 * Promise: every step carries the number of its run, so that a late result cannot meet a newer state.
 */
import type { LogEntry, Position } from '@curfew/contracts'

import type { Doubt } from './doubt.ts'
import type { BufferLimits } from './feed-buffer.ts'
import type { Witness } from './witness.ts'

/** What the adapter must do now. Results of a run that is not the current one are ignored. */
export type Step =
  | { readonly kind: 'catch-up'; readonly run: number; readonly from: number }
  | { readonly kind: 'probe'; readonly run: number }
  | { readonly kind: 'wait' }

export type Phase =
  | { readonly kind: 'due'; readonly atMs: number }
  | { readonly kind: 'reading'; readonly barrier?: number }
  | { readonly kind: 'following' }
  | { readonly kind: 'frozen' }

/** The server's word that an entry is stored. */
export interface Acknowledgement {
  readonly seq: number
  readonly id: string
  readonly duplicate: boolean
  /**
   * `seen` when the attempt was sent. Only that binds: another writer's later entry may be delivered before this
   * acknowledgement is.
   */
  readonly floor: number
}

export interface FollowerOptions {
  readonly epoch: number
  /** Sequence of the last entry that the caller has applied already. */
  readonly startAfter: number
  readonly onEntry: (entry: LogEntry, position: Position) => void
  readonly onDoubt: (doubt: Doubt) => void
  /** The log lets facts about single sessions expire. */
  readonly factsExpire?: boolean
  readonly bufferLimits?: BufferLimits
  /** What this process has seen of the same log before; nothing when not given. */
  readonly witness?: Witness
}
