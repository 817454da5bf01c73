/**
 * The state in Redis and in the view, from which this replica of the log resumes.
 * Promise: every member that may still hold a lease is named; one that has been gone for longer than any lease lasts is not waited for.
 */
import { parsePosition } from '@curfew/contracts'
import type { Restored, RestoredMember, StoredState } from '@curfew/revocation-log'

import type { LogView } from '../../domain/log/log-view.ts'
import type { Clock } from '../../domain/log/ports.ts'
import type { WideFacts } from '../../domain/log/wide-facts.ts'
import type { RedisProjection } from '../redis/redis-projection.ts'

export type StateInRedis = Pick<RedisProjection, 'load' | 'enter'>

interface Stores {
  readonly target: StateInRedis
  readonly view: LogView
  readonly clock: Clock
}

export function storedState({ target, view, clock }: Stores): StoredState {
  return {
    async load() {
      const { projected, wide } = await target.load()
      const resume = (epoch: number): Restored => {
        view.reset(projected, wide, { epoch })
        return restoredFacts(view.wide, epoch, clock.nowMs())
      }
      return { projected, resume }
    },
    enter: (log) => target.enter(log),
  }
}

/** Far longer than any lease, and than the clocks of two machines differ by. */
const EVICTION_REMEMBERED_MS = 3_600_000

function restoredFacts({ members, lease }: WideFacts, epoch: number, nowMs: number): Restored {
  const restored: RestoredMember[] = []
  for (const [id, { position, member, isEvicted, at }] of members) {
    // All leases of an earlier epoch had run out before this one was opened.
    if (parsePosition(position)?.epoch !== epoch) continue
    if (member !== null) restored.push({ id, position, state: { member, joinedAt: at } })
    else if (!isEvicted) restored.push({ id, position, state: 'left' })
    // An eviction whose time cannot be read counts as well.
    else if (!(nowMs - Date.parse(at) >= EVICTION_REMEMBERED_MS))
      restored.push({ id, position, state: 'evicted' })
  }
  return { members: restored, lease }
}
