/**
 * ④ ⑤ Says something in the log and waits until it holds here: first the log, then this replica's view, then Redis.
 * Promise: an outcome that is not known is called unknown; a lost Redis delays a record, never the effect.
 */
import type { LogEntry, Position } from '@curfew/contracts'

import { Unavailable } from '../errors.ts'
import type { FactLog, Projection } from '../ports.ts'

export interface RecordPorts {
  readonly log: FactLog
  readonly projection: Projection
}

export type RecordOutcome =
  | {
      readonly kind: 'recorded'
      readonly position: Position
      /** Whether Redis shows it already. */
      readonly isProjected: boolean
      /** The log held an entry of this id before. */
      readonly isRepeat: boolean
    }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'conflict' }

export interface RecordOptions {
  /** Only if this is where the log last spoke about the entity. */
  readonly expectLast?: Position
}

/** The log's own delivery takes milliseconds; longer than this and something is wrong that the caller should hear of. */
const APPLIED_WITHIN_MS = 3_000
const PROJECTED_WITHIN_MS = 1_000

export async function recordFact(
  ports: RecordPorts,
  entry: LogEntry,
  options: RecordOptions = {},
): Promise<RecordOutcome> {
  // Nothing has been sent yet, so this is a certain no, unlike a publication that is never acknowledged.
  if (!ports.log.isFollowing) throw new Unavailable('log-not-followed')
  const publication = await ports.log.publish(entry, options.expectLast)
  if (publication.kind !== 'stored') return publication
  const { position, duplicate } = publication
  if (!(await ports.log.waitFor(position, APPLIED_WITHIN_MS))) return { kind: 'unknown' }
  const isProjected = await ports.projection.waitFor(position, PROJECTED_WITHIN_MS)
  return { kind: 'recorded', position, isProjected, isRepeat: duplicate }
}
