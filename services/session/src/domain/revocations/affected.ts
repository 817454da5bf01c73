/**
 * ④ How many sessions a revocation ends, as far as they were counted.
 * Promise: a count that is not complete says so.
 */
import type { Subject } from '@curfew/contracts'

export interface Affected {
  /** So many were counted: all of them where the count is complete, at least so many where it is not. */
  readonly count: number
  readonly isComplete: boolean
  /** Of a count that is not complete: there were no more than these. */
  readonly countMax?: number
  /** Whose session it is, where it is one. */
  readonly owner?: Subject
}

/** Facts about a revocation that are kept beside its log entry. */
export interface RevocationCount {
  /** Undefined where it could not be counted. */
  readonly ended?: Affected | undefined
  /** Of a user or a tenant: whether the directory knew it. */
  readonly isTargetKnown?: boolean | undefined
}

/** A session may end between the two counts; it has been counted all the same. */
export function partial(count: number, countMax: number | undefined): Affected {
  return { count, isComplete: false, ...(countMax !== undefined && { countMax: Math.max(count, countMax) }) }
}
