/**
 * ④ How the audit trail itself is doing: log lines and numbers.
 * Promise: an event that was lost has been counted, and what kept the trail from being written has been said once.
 */
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Logger } from 'pino'

import type { AuditWriterOptions } from './audit-writer.ts'

type AuditReports = Pick<AuditWriterOptions, 'onStored' | 'onTrouble' | 'onDropped'>

export function auditWriterReports(logger: Logger, registry: Registry, backlog: () => number): AuditReports {
  const events = new Counter({
    name: 'curfew_audit_events_total',
    help: 'Security events that the audit trail has taken, or lost',
    labelNames: ['outcome'],
    registers: [registry],
  })
  registry.registerMetric(
    new Gauge({
      name: 'curfew_audit_backlog_events',
      help: 'Security events that are not known to be in the trail yet',
      registers: [],
      collect() {
        this.set(backlog())
      },
    }),
  )
  events.inc({ outcome: 'lost' }, 0)
  let lost = 0
  return {
    onStored: (count) => events.inc({ outcome: 'stored' }, count),
    onDropped(count) {
      events.inc({ outcome: 'lost' }, count)
      const isWorthALine = lost === 0 || Math.floor(Math.log2(lost)) < Math.floor(Math.log2(lost + count))
      lost += count
      if (isWorthALine) logger.error({ event: 'audit.lost', lost })
    },
    onTrouble(err) {
      if (err === undefined) logger.info({ event: 'audit.resumed' })
      else logger.error({ event: 'audit.stalled', err })
    },
  }
}
