/**
 * ④ Opens the audit trail.
 * Promise: its troubles are told and waited out; the service starts without it.
 */
import type { SecurityEvent } from '@curfew/contracts'
import { EventSums, type ReadinessCheck } from '@curfew/service-kit'
import type { Redis } from '@curfew/service-kit/redis'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'

import type { Config } from '../../config.ts'
import { countedTrail, type ActivityCounter } from '../../domain/audit/activity.ts'
import type { TrailHead } from '../../domain/audit/audit-record.ts'
import type { AuditTrail } from '../../domain/audit/audit-trail.ts'
import type { Clock } from '../../domain/log/ports.ts'
import type { AuditPorts } from '../../routes/operators/get-audit.ts'
import { RedisActivity } from '../redis/redis-activity.ts'
import { HeadAnchors } from './audit-anchors.ts'
import { auditReports } from './audit-reports.ts'
import { AuditRoom } from './audit-room.ts'
import { AuditWriter } from './audit-writer.ts'
import { NatsAuditStream } from './nats-audit-stream.ts'

export interface Audit extends AuditPorts {
  readonly audit: AuditTrail
  readonly activity: ActivityCounter
  readonly auditReadiness: ReadinessCheck
}

export interface AuditFoundation {
  readonly config: Config
  readonly logger: Logger
  readonly redis: Redis
  readonly nc: NatsConnection
  readonly registry: Registry
  readonly clock: Clock
  readonly refusalWindowMs?: number | undefined
}

export function openAudit(
  { config, logger, redis, nc, registry, clock, refusalWindowMs }: AuditFoundation,
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
  const levels = { backlog: () => writer.backlog, room: () => room.room }
  const { onChange, ...reports } = auditReports(logger, registry, levels)
  const room: AuditRoom = new AuditRoom({ read: () => store.room(), onChange })
  stack.defer(() => room.close())
  const onHead = (head: TrailHead): void => anchors.advance(head)
  const writer: AuditWriter = new AuditWriter({ store, room, clock, onHead, ...reports })
  stack.defer(() => writer.close())
  const summing = { tell: (event: SecurityEvent) => writer.note(event), windowMs: refusalWindowMs }
  const refusals = new EventSums(summing)
  const uses = new EventSums({ ...summing, eachMax: USES_MAX, subjectsMax: USERS_MAX })
  stack.defer(() => refusals.close())
  stack.defer(() => uses.close())
  const activity = new RedisActivity(redis, clock)
  stack.defer(() => activity.close())
  const audit = countedTrail(summedTrail(writer, { refusals, uses }), activity)
  const readiness = { name: 'audit', check: () => writer.trouble ?? true, isAdvisory: true } as const
  return { audit, activity, auditReader: store, auditAnchors: anchors, clock, auditReadiness: readiness }
}

/** Events that a user can cause without end in one session. */
const USES = new Set(['claim.redeemed', 'session.rotated'])
/** Of one account in a minute, told one by one: more than people cause by hand. */
const USES_MAX = 20
/** Accounts in a minute whose uses are told by account; the others share one sum. */
const USERS_MAX = 10_000

interface Sums {
  readonly refusals: EventSums
  readonly uses: EventSums
}

/** Sums up refusals, which anybody can cause, and the events that a user can cause without end. */
function summedTrail(writer: AuditWriter, { refusals, uses }: Sums): AuditTrail {
  return {
    note(event) {
      if (event.outcome === 'refused') refusals.note(event)
      else if (USES.has(event.type)) uses.note(event)
      else writer.note(event)
    },
    append: (event, source) => writer.append(event, source),
    canRecord: () => writer.canRecord(),
    settled: (requestId) => writer.settled(requestId),
  }
}
