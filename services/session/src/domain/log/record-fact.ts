/**
 * ④ ⑤ Says something in the log and waits until it holds: in this replica's view, in Redis, and at every member.
 * Promise: an outcome that is not known is called unknown; a lost Redis delays a record, never the effect.
 */
import type { LogEntry, Position } from '@curfew/contracts'
import type { Confirmation, ConfirmationWatch, Confirming, Expected } from '@curfew/revocation-log'

import type { FactLog, Projection } from './ports.ts'
import { Unavailable } from './unavailable.ts'

export interface RecordPorts {
  readonly log: FactLog
  readonly projection: Projection
}

/** What is said holds at every member, or nobody was waited for that long. */
export type Effective = {
  /** Whether Redis shows it already. */
  readonly isProjected: boolean
} & (
  | { readonly kind: 'confirmed'; readonly confirmation: Confirmation }
  /** It holds here, and everywhere after W at the latest. */
  | { readonly kind: 'recorded' }
)

/** It may be in the log or not, or was in it when the log was not yet in doubt. */
export interface Unknown {
  readonly kind: 'unknown'
}

export type RecordOutcome =
  | (Effective & {
      readonly position: Position
      /** The log held an entry of this id before. */
      readonly isRepeat: boolean
    })
  | Unknown
  | { readonly kind: 'conflict' }

/** Entries that somebody waits for. */
export type EffectEntry = Extract<LogEntry, { ackTo?: unknown }>

export interface RecordOptions {
  /** Only if the log stands there. */
  readonly expected?: Expected
  /** Says `recorded` when the confirmation takes longer; without it, the confirmation is waited for. */
  readonly confirmWithinMs?: number
  /** Called when the entry is in the log and in effect here, unless it had been before. */
  readonly watch?: ((position: Position) => ConfirmationWatch) | undefined
}

/** The log's own delivery takes milliseconds; longer than this and something is wrong that the caller should hear of. */
const APPLIED_WITHIN_MS = 3_000
const PROJECTED_WITHIN_MS = 1_000

export async function recordFact(
  ports: RecordPorts,
  entry: EffectEntry,
  options: RecordOptions = {},
): Promise<RecordOutcome> {
  // Nothing has been sent yet, so this is a certain no, unlike a publication that is never acknowledged.
  if (!ports.log.isFollowing) throw new Unavailable('log-not-followed')
  const publication = await ports.log.publish({ ...entry, ackTo: ports.log.replica }, options.expected)
  if (publication.kind !== 'stored') return publication
  const { position, duplicate } = publication
  if (!(await ports.log.waitFor(position, APPLIED_WITHIN_MS))) return { kind: 'unknown' }
  const watch = duplicate ? undefined : options.watch?.(position)
  const confirming = { withinMs: options.confirmWithinMs, isRepeat: duplicate, watch }
  const effect = await takeEffect(ports, position, confirming)
  return effect.kind === 'unknown' ? effect : { ...effect, position, isRepeat: duplicate }
}

/** Waits for what is at a position that this replica has applied. */
export async function takeEffect(
  { log, projection }: RecordPorts,
  position: Position,
  confirming: Confirming,
): Promise<Effective | Unknown> {
  const [confirmation, isProjected] = await Promise.all([
    log.confirm(position, confirming),
    projection.waitFor(position, PROJECTED_WITHIN_MS),
  ])
  // Redis was waited for as well, and the log may have gone back to before the entry meanwhile.
  if (log.isFrozen) return { kind: 'unknown' }
  if (confirmation !== undefined) return { kind: 'confirmed', confirmation, isProjected }
  return { kind: 'recorded', isProjected }
}
