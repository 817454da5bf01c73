/**
 * ⑤ Whether the log still goes as far as it was seen to, looked at before anything is added to it.
 * Promise: an entry would carry a shorter one towards where that cannot be told any more, so the one that proves it closes it.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import { untilAnswered } from '@curfew/messaging'

import { LogError } from '../stream/errors.ts'
import { closedEntry } from '../stream/log-closing.ts'
import type { NatsLog } from '../stream/nats-log.ts'
import { describeDoubt, type Doubt } from './doubt.ts'

const LOOKS = 5
const BETWEEN_LOOKS_MS = 300
const ATTEMPT_MS = 2_000

export interface Seen {
  readonly seen: number
  readonly logId: string
}

/**
 * Undefined when it goes as far. A deposed leader may answer with an old length for a moment, and is not believed: the
 * entry is stored only if the log ends there.
 * @throws LogError when it looks shorter time and again, and does not take that entry.
 */
export async function shorterThan(log: NatsLog, { seen, logId }: Seen): Promise<Doubt | undefined> {
  for (let look = 1; ; look += 1) {
    const expectEnd = await endOf(log)
    if (expectEnd >= seen) return undefined
    const doubt = {
      kind: 'rolled back',
      detail: `it ends at ${expectEnd} after ${seen} had been seen`,
    } as const
    const entry = closedEntry({ logId, reason: describeDoubt(doubt) })
    const lost = new AbortController().signal
    const attempt = await log.attempt(entry, { expectEnd, timeoutMs: ATTEMPT_MS, lost })
    if (attempt.kind === 'acknowledged') return doubt
    if (look === LOOKS) throw new LogError('LOG_ROLLED_BACK', doubt.detail)
    await sleep(BETWEEN_LOOKS_MS)
  }
}

async function endOf(log: NatsLog): Promise<number> {
  try {
    return await untilAnswered(() => log.end())
  } catch (cause) {
    throw new LogError('LOG_UNAVAILABLE', 'nobody says how far it goes', { cause })
  }
}
