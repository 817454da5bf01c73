/**
 * ④ ⑤ Whether the log that is in force can be seen to be wrong, from NATS and Redis alone.
 * Promise: an empty answer is no proof that all is well: a replica may remember more than both.
 */
import { ORIGIN, parsePosition, type Position } from '@curfew/contracts'

export interface Standing {
  readonly epochs: readonly { readonly epoch: number; readonly closedBecause?: string }[]
  readonly inForce:
    | {
        readonly epoch: number
        readonly logId: string | undefined
        readonly last: Position
        /** Settings of its stream that break a promise of the log. Replicas that start refuse such a stream. */
        readonly brokenSettings: readonly string[]
      }
    | undefined
  /** Entries of the latest log that do not parse. A replica can neither apply nor skip such an entry. */
  readonly unreadable: number
  /** How far Redis has been told the log, and which log that was. */
  readonly projected: Position
  readonly belongsTo: { readonly epoch: number; readonly logId: string } | undefined
}

export function epochSeen({ projected, belongsTo }: Pick<Standing, 'projected' | 'belongsTo'>): number {
  return Math.max(parsePosition(projected)?.epoch ?? 0, belongsTo?.epoch ?? 0)
}

/** For people. */
export function whyNewEpoch(standing: Standing): string[] {
  const { epochs, inForce, unreadable, projected, belongsTo } = standing
  const seen = epochSeen(standing)
  if (inForce === undefined) {
    const [highest] = epochs.toSorted((a, b) => b.epoch - a.epoch)
    if (highest !== undefined) return [`no log is in force: epoch ${highest.epoch} ${whatOf(highest)}`]
    return seen > 0 ? [`NATS has no log, though Redis has seen epoch ${seen}`] : []
  }
  const { epoch, logId, last, brokenSettings } = inForce
  if (seen > epoch) return [`the log in force is of epoch ${epoch}, though Redis has seen epoch ${seen}`]
  const why: string[] = []
  if (logId === undefined) why.push('the log has lost its first entry')
  if (belongsTo?.epoch === epoch && logId !== undefined && belongsTo.logId !== logId)
    why.push(`the log has the id ${logId}, though Redis knows the one with the id ${belongsTo.logId}`)
  if (projected !== ORIGIN && projected > last)
    why.push(`the log ends at ${last}, though Redis knows ${projected}`)
  if (unreadable > 0)
    why.push(
      `${unreadable === 1 ? '1 entry' : `${unreadable} entries`} of the log cannot be read: written by a newer version, or not by a session service`,
    )
  if (brokenSettings.length > 0)
    why.push(`the stream of the log is not set up as it must be: ${brokenSettings.join('; ')}`)
  return why
}

function whatOf({ closedBecause }: Standing['epochs'][number]): string {
  return closedBecause === undefined ? 'is over or was never opened' : `is over: ${closedBecause}`
}
