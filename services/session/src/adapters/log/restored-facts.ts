/**
 * ④ ⑤ What the view remembers about members and leases, in the words of the protocol.
 * Promise: whoever may still hold a lease is named; who has been gone for longer than any lease lasts is not waited for.
 */
import { parsePosition } from '@curfew/contracts'
import type { Restored, RestoredMember } from '@curfew/revocation-log'

import type { WideFacts } from '../../domain/log/wide-facts.ts'

/** Far longer than any lease, and than the clocks of two machines differ by. */
const EVICTION_REMEMBERED_MS = 3_600_000

export function restoredFacts({ members, lease }: WideFacts, epoch: number, nowMs: number): Restored {
  const restored: RestoredMember[] = []
  for (const [id, { position, member, isEvicted, at }] of members) {
    // All leases of an earlier epoch had run out before this one was opened.
    if (parsePosition(position)?.epoch !== epoch) continue
    if (member !== null) restored.push({ id, position, state: { member, joinedAt: at } })
    else if (!isEvicted) restored.push({ id, position, state: 'left' })
    // Whoever is said to have been evicted at no time that can be read counts as well.
    else if (!(nowMs - Date.parse(at) >= EVICTION_REMEMBERED_MS))
      restored.push({ id, position, state: 'evicted' })
  }
  return { members: restored, lease }
}
