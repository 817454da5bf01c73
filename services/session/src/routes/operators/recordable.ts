/**
 * Acts of operators while the audit trail cannot record them.
 * Promise: nobody gains power unrecorded, and nothing that stops an attacker fails because of the trail: revocations,
 * suspensions, and grants and roles that only take away are carried out, and told in the log until the trail takes them.
 */
import { Problem } from '@curfew/service-kit'

import type { AuditTrail } from '../../domain/audit/audit-trail.ts'

const DETAIL = 'make room in the audit trail first; whatever takes power away is still carried out'
/** An administrator has to act. */
const HEADERS = { 'retry-after': '30' }

/** @throws Problem `audit-unavailable` */
export async function requireRecordable(audit: Pick<AuditTrail, 'canRecord'>): Promise<void> {
  if (!(await audit.canRecord())) throw new Problem('audit-unavailable', DETAIL, { headers: HEADERS })
}

/** Whether a change gives anything that was not there; one that does not can always be made. */
export function addsTo(before: readonly string[], after: readonly string[]): boolean {
  return after.some((each) => !before.includes(each))
}
