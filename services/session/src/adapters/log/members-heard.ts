/** ④ ⑤ Who takes part in the protocol, as the coordinator of this replica has heard of them. */
import { formatPosition } from '@curfew/contracts'
import { systemClock } from '@curfew/protocol'
import type { Coordinator } from '@curfew/revocation-log'

import type { Members, MemberStatus } from '../../domain/log/ports.ts'

/** The present part of it is asked for each time: every epoch has its own. */
export function membersHeard(log: { readonly coordinator: Coordinator; readonly epoch: number }): Members {
  return {
    members: () => {
      const { coordinator, epoch } = log
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
