import type { Logger } from 'pino'
/**
 * ④ How the audit trail itself is doing: log lines and numbers.
 * Promise: an event that was lost has been counted, and what kept the trail from being written has been said once.
 */
import { Counter, Gauge, type Registry } from 'prom-client'

import type { TrailRoom } from '../../domain/audit/audit-room.ts'
import type { AuditRoomOptions } from './audit-room.ts'
import type { AuditWriterOptions } from './audit-writer.ts'

type AuditReports = Pick<AuditWriterOptions, 'onStored' | 'onTrouble' | 'onDropped'> &
  Pick<AuditRoomOptions, 'onChange'>

interface Levels {
  readonly backlog: () => number
  readonly room: () => TrailRoom | undefined
}

export function auditReports(logger: Logger, registry: Registry, { backlog, room }: Levels): AuditReports {
  const events = new Counter({
    name: 'curfew_audit_events_total',
    help: 'Security events that the audit trail has taken, or lost',
    labelNames: ['outcome'],
    registers: [registry],
  })
  const gauge = (name: string, help: string, value: () => number | undefined): void =>
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          const now = value()
          if (now !== undefined) this.set(now)
        },
      }),
    )
  const backlogHelp = 'Security events that are not known to be in the trail yet'
  gauge('curfew_audit_backlog_events', backlogHelp, backlog)
  gauge('curfew_audit_bytes', 'How much the audit trail holds', () => room()?.usedBytes)
  gauge('curfew_audit_bytes_max', 'How much it can hold', () => room()?.maxBytes)
  for (const outcome of ['stored', 'lost']) events.inc({ outcome }, 0)
  let lost = 0
  return {
    onStored: (count) => events.inc({ outcome: 'stored' }, count),
    onDropped(count) {
      events.inc({ outcome: 'lost' }, count)
      const isWorthALine = lost === 0 || Math.floor(Math.log2(lost)) < Math.floor(Math.log2(lost + count))
      lost += count
      if (isWorthALine) logger.error({ event: 'audit.lost', lost })
    },
    onChange(refused, { usedBytes, maxBytes }) {
      const line = { event: 'audit.room', refused, usedBytes, maxBytes }
      if (refused.includes('operator')) logger.error(line, 'acts of operators cannot be recorded')
      else if (refused.length > 0) logger.warn(line)
      else logger.info(line)
    },
    onTrouble(err) {
      if (err === undefined) logger.info({ event: 'audit.resumed' })
      else logger.error({ event: 'audit.stalled', err })
    },
  }
}
