/**
 * ⑤ What a projection of the log remembers about members and leases, for a replica that does not read the log from its beginning.
 */
import type { Member, MemberId, Position } from '@curfew/contracts'

/** A member's last word in the log. */
export interface RestoredMember {
  readonly id: MemberId
  readonly position: Position
  readonly state: 'left' | 'evicted' | { readonly member: Member; readonly joinedAt: string }
}

export interface Restored {
  readonly members: Iterable<RestoredMember>
  readonly lease:
    | { readonly position: Position; readonly leaseMs: number; readonly previousLeaseMs: number }
    | undefined
}
