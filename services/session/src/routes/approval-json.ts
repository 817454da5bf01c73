/** ④ A revocation that waits for a second operator, as operators see it. */
import type { Approval } from '../domain/approvals.ts'
import { isoTime } from '../iso-time.ts'
import { revocationJson } from './revocation-json.ts'

export function approvalJson({ entry, state, decidedBy, expiresAtMs }: Approval): object {
  return {
    revocation: revocationJson({ ...entry, except: entry.except ?? [] }, null),
    state,
    ...(decidedBy !== undefined && { decided_by: decidedBy }),
    recorded: false,
    expires_at: isoTime(expiresAtMs),
  }
}
