/**
 * ④ ⑤ Members that have been gone for so long that nobody needs to know of them.
 * Promise: who may still hold a lease is never among them (nobody holds one of an earlier epoch); ids are not reused, so
 * nothing is lost with their last word.
 */
import { parsePosition, type MemberId } from '@curfew/contracts'

import type { Membership, WideFact } from '../../domain/log/facts.ts'

/** A thousand times longer than any lease, so that clocks of different machines do not matter. */
const KEPT_MS = 24 * 3_600_000

type MemberFact = Extract<WideFact, { kind: 'member' }>

export function goneMembers(
  members: ReadonlyMap<MemberId, Membership>,
  epoch: number,
  nowMs: number,
): MemberFact[] {
  const gone: MemberFact[] = []
  for (const [member, value] of members) {
    const toldAt = Date.parse(value.at)
    const isEarlier = (parsePosition(value.position)?.epoch ?? 0) < epoch
    if (isEarlier || (value.member === null && nowMs - toldAt > KEPT_MS))
      gone.push({ kind: 'member', member, value })
  }
  return gone
}
