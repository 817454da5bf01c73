/**
 * ⑤ Reads a whole log once, from its first entry.
 * Promise: everything that was in it when the last of the marks was set has been handed over, or a later fact about the same.
 */
import { formatPosition, parseLogEntry, type LogEntry, type Position } from '@curfew/contracts'

import type { NatsLog } from '../stream/nats-log.ts'

export interface FactsReading {
  /**
   * Each answers where to read to, asked when the reading has got to the one before. The first reading may pass over
   * facts that newer ones superseded under way; a mark that is set after it lies behind those.
   */
  readonly upTo: readonly (() => Promise<number>)[]
  readonly onEntry: (entry: LogEntry, position: Position) => void
}

/** @returns how many entries could not be read by anybody. */
export async function readFacts(log: NatsLog, { upTo, onEntry }: FactsReading): Promise<number> {
  const marks = [...upTo]
  let target = await marks.shift()?.()
  if (target === undefined) return 0
  let unreadable = 0
  for await (const { seq, json } of log.read(1, new AbortController().signal)) {
    const entry = parseLogEntry(json)
    if (entry === undefined) unreadable += 1
    else onEntry(entry, formatPosition(log.epoch, seq))
    while (target !== undefined && seq >= target) target = await marks.shift()?.()
    if (target === undefined) break
  }
  if (target !== undefined) throw new Error('the reading of the log ended before its end')
  return unreadable
}
