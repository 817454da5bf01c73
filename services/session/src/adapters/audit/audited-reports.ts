/**
 * ④ Reports that are kept in the audit trail as well as told to log and metrics.
 * Promise: what is told once is told everywhere, and nothing that happened fails because it could not be written down.
 */
import type { SecurityEvent } from '@curfew/contracts'

import type { AuditTrail } from '../../domain/audit/audit-trail.ts'
import type { Reports } from '../../domain/audit/reports.ts'
import { SECURITY_EVENTS } from '../../domain/audit/security-events.ts'

export function auditedReports(reports: Reports, trail: Pick<AuditTrail, 'note'>): Reports {
  const audited = Object.entries(SECURITY_EVENTS).map(([name, eventOf]) => {
    const tell: (of: never) => void = reports[name as keyof Reports]
    const toEvent = eventOf as (of: never) => SecurityEvent | undefined
    return [
      name,
      (of: never): void => {
        tell(of)
        const event = toEvent(of)
        if (event !== undefined) trail.note(event)
      },
    ]
  })
  return { ...reports, ...(Object.fromEntries(audited) as Partial<Reports>) }
}
