/** ④ ⑤ Who takes part in the protocol, as the coordinator of this replica has heard of them. */
import { formatPosition } from '@curfew/contracts'
import { systemClock, type Coordinator } from '@curfew/revocation-log'

import type { Members, MemberStatus } from '../ports.ts'

export function membersHeard(coordinator: Coordinator, epoch: number): Members {
  return {
    members: () => {
      const now = systemClock()
      return coordinator.members().map((state): MemberStatus => ({
        member: state.description,
        joinedAt: state.joining.at,
        applied: formatPosition(epoch, state.applied),
        lag: Math.max(0, coordinator.applied - state.applied),
        leaseRemainingMs: Math.round(coordinator.remainingMsOf(state, now)),
        cachedSessions: state.cachedSessions,
      }))
    },
  }
}
