/**
 * ④ Opens the audit trail.
 * Promise: its troubles are told and waited out; the service starts without it.
 */
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'

import type { Redis } from '@curfew/service-kit/redis'

import { HeadAnchors } from './adapters/audit-anchors.ts'
import { auditWriterReports } from './adapters/audit-reports.ts'
import { AuditWriter } from './adapters/audit-writer.ts'
import { NatsAuditStream } from './adapters/nats-audit-stream.ts'
import { RedisActivity } from './adapters/redis-activity.ts'
import type { Config } from './config.ts'
import { countedTrail, type ActivityCounter } from './domain/activity.ts'
import type { AuditTrail } from './domain/audit-trail.ts'
import type { Clock } from './ports.ts'
import type { AuditPorts } from './routes/get-audit.ts'

export interface Audit extends AuditPorts {
  readonly audit: AuditTrail
  readonly activity: ActivityCounter
}

export interface AuditFoundation {
  readonly config: Config
  readonly logger: Logger
  readonly redis: Redis
  readonly nc: NatsConnection
  readonly registry: Registry
  readonly clock: Clock
}

export function openAudit(
  { config, logger, redis, nc, registry, clock }: AuditFoundation,
  stack: AsyncDisposableStack,
): Audit {
  const store = new NatsAuditStream({
    nc,
    logger,
    retentionMs: config.SESSION_AUDIT_RETENTION_SECONDS * 1_000,
    maxBytes: config.SESSION_AUDIT_MAX_MEGABYTES * 1_048_576,
  })
  const anchors = new HeadAnchors(redis, logger)
  stack.defer(() => anchors.log())
  const reports = auditWriterReports(logger, registry, () => audit.backlog)
  const audit: AuditWriter = new AuditWriter({
    store,
    clock,
    onHead: (head) => anchors.advance(head),
    ...reports,
  })
  stack.defer(() => audit.close())
  const activity = new RedisActivity(redis, clock)
  stack.defer(() => activity.close())
  return { audit: countedTrail(audit, activity), activity, auditReader: store, auditAnchors: anchors, clock }
}
