/**
 * ④ The numbers of the session authority.
 * Promise: label values come from small fixed sets; ids are for the log alone.
 */
import { Counter, Gauge, type Registry } from 'prom-client'

import type { LogView } from '../domain/log-view.ts'

export interface SessionMetrics {
  readonly created: Counter
  readonly refused: Counter<'reason'>
  readonly ended: Counter<'reason'>
  readonly resolved: Counter<'result'>
  readonly revocations: Counter<'scope' | 'state'>
  readonly claims: Counter<'outcome'>
  readonly operatorRefusals: Counter<'reason'>
  readonly restarts: Counter<'reason'>
  readonly doubts: Counter
  readonly projectionFailures: Counter
}

export function createSessionMetrics(registry: Registry, view: LogView): SessionMetrics {
  const counter = <T extends string>(name: string, help: string, labelNames: T[] = []): Counter<T> =>
    new Counter({ name: `curfew_${name}_total`, help, labelNames, registers: [registry] })

  const gauge = (name: string, help: string, read: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(read())
    }
    registry.registerMetric(new Gauge({ name: `curfew_${name}`, help, registers: [], collect }))
  }
  gauge(
    'projection_backlog_entries',
    'Entries of the log that Redis is not known to hold',
    () => view.backlog,
  )
  gauge(
    'projection_lag_positions',
    'How many positions Redis is behind this replica, barriers included',
    () => view.lag,
  )
  return {
    created: counter('sessions_created', 'Sessions created'),
    refused: counter('sessions_refused', 'Sessions refused at creation', ['reason']),
    ended: counter('sessions_ended', 'Single sessions ended', ['reason']),
    resolved: counter('sessions_resolved', 'Sessions that verifiers asked about', ['result']),
    revocations: counter('revocations', 'Revocations by operators', ['scope', 'state']),
    claims: counter('claims_presented', 'One-time claims presented for spending', ['outcome']),
    operatorRefusals: counter('operators_refused', 'Operator calls refused', ['reason']),
    restarts: counter('view_restarts', 'Times the view of the log was started again', ['reason']),
    doubts: counter('log_doubts', 'Times the log could not be trusted to go on'),
    projectionFailures: counter('projection_failures', 'Times the projection into Redis began to fail'),
  }
}
