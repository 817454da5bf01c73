/**
 * ⑤ Reads a part of the log again, for people who look at it.
 * Promise: bounded in length and time; nothing is decided by what is read here.
 */
import { formatPosition, parseLogEntry, parsePosition, sequenceOf, type Position } from '@curfew/contracts'

import type { PositionedEntry } from './log.ts'
import type { NatsLog } from './nats-log.ts'

const POSITIONS_MAX = 10_000
const WITHIN_MS = 3_000

export async function readHistory(log: NatsLog, after: Position, upTo: Position): Promise<PositionedEntry[]> {
  const last = parsePosition(upTo)?.epoch === log.epoch ? sequenceOf(upTo) : 0
  const first = parsePosition(after)?.epoch === log.epoch ? sequenceOf(after) : 0
  const found: PositionedEntry[] = []
  if (last <= first) return found
  const signal = AbortSignal.timeout(WITHIN_MS)
  for await (const { seq, json } of log.read(Math.max(first, last - POSITIONS_MAX) + 1, signal)) {
    const entry = parseLogEntry(json)
    if (seq <= last && entry !== undefined) found.push({ entry, position: formatPosition(log.epoch, seq) })
    if (seq >= last) return found
  }
  throw new Error('the reading of the log ended before its end')
}
