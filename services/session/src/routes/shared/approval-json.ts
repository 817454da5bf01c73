import { isoTime } from '@curfew/contracts'

/** ④ What waits for a second operator, as operators see it: a suspension as the revocation of the tenant that it amounts to. */
import { scopeOf, type Approval } from '../../domain/revocations/approvals.ts'
import type { Revocation } from '../../domain/revocations/revocation.ts'
import { revocationJson } from './revocation-json.ts'

export function approvalJson(approval: Approval): object {
  const { entry, state, decidedBy, expiresAtMs } = approval
  return {
    revocation: revocationJson(requestedOf(approval), null),
    act: entry.type === 'revoked' ? 'revoke' : 'suspend',
    state,
    ...(decidedBy !== undefined && { decided_by: decidedBy }),
    recorded: false,
    expires_at: isoTime(expiresAtMs),
  }
}

export function requestedOf({ entry }: Approval): Omit<Revocation, 'position'> {
  const { id, at, actor, reason } = entry
  const except = entry.type === 'revoked' ? (entry.except ?? []) : []
  return { id, at, actor, reason, scope: scopeOf(entry), except }
}
