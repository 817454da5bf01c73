/**
 * ④ The numbers of the session authority.
 * Promise: label values come from small fixed sets; ids are for the log alone.
 */
import { systemClock } from '@curfew/protocol'
import type { Coordinator, LogRoom } from '@curfew/revocation-log'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

import type { LogView } from '../../domain/log/log-view.ts'

export interface SessionMetrics {
  readonly created: Counter
  readonly refused: Counter<'reason'>
  readonly ended: Counter<'reason'>
  readonly rotations: Counter<'outcome'>
  readonly predecessorsUsed: Counter
  readonly limitExceeded: Counter
  readonly resolved: Counter<'result'>
  readonly revocations: Counter<'scope' | 'state'>
  readonly claims: Counter<'outcome'>
  readonly operatorRefusals: Counter<'reason'>
  readonly introspections: Counter<'result'>
  readonly throttled: Counter<'policy'>
  readonly restarts: Counter<'reason'>
  readonly doubts: Counter
  readonly epochsEntered: Counter
  readonly confirmations: Counter<'by'>
  readonly confirmationSeconds: Histogram
  readonly projectionFailures: Counter
  readonly withoutRoom: Counter<'type'>
  readonly joinsRefused: Counter<'reason'>
}

/** From a member in the same rack to one that has crashed under the longest lease. */
const CONFIRMATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 75]

interface Followed {
  readonly coordinator: Coordinator
  readonly isFrozen: boolean
  readonly room: LogRoom
}

export function createSessionMetrics(registry: Registry, view: LogView, log: () => Followed): SessionMetrics {
  const counter = <T extends string>(name: string, help: string, labelNames: T[] = []): Counter<T> =>
    new Counter({ name: `curfew_${name}_total`, help, labelNames, registers: [registry] })
  addGauges(registry, view, log)
  return {
    confirmations: counter('confirmations', 'Confirmations waited for, by what they rest on', ['by']),
    confirmationSeconds: new Histogram({
      name: 'curfew_confirmation_seconds',
      help: 'From when an entry was in effect here until nobody acted without it any more',
      buckets: CONFIRMATION_BUCKETS,
      registers: [registry],
    }),
    created: counter('sessions_created', 'Sessions created'),
    refused: counter('sessions_refused', 'Sessions refused at creation', ['reason']),
    ended: counter('sessions_ended', 'Single sessions ended', ['reason']),
    rotations: counter('session_rotations', 'Requests for another secret by what became of them', [
      'outcome',
    ]),
    predecessorsUsed: counter(
      'session_predecessors_used',
      'Secrets presented whose time was over: suspected theft',
    ),
    limitExceeded: counter('session_limits_exceeded', 'Logins of users who had too many sessions'),
    resolved: counter('sessions_resolved', 'Sessions that verifiers asked about', ['result']),
    revocations: counter('revocations', 'Revocations by operators', ['scope', 'state']),
    claims: counter('claims_presented', 'One-time claims presented for spending', ['outcome']),
    operatorRefusals: counter('operators_refused', 'Operator calls refused', ['reason']),
    introspections: counter('tokens_examined', 'Tokens that clients asked about', ['result']),
    throttled: counter('throttled', 'Calls refused because there were too many', ['policy']),
    restarts: counter('view_restarts', 'Times the view of the log was started again', ['reason']),
    doubts: counter('log_doubts', 'Times the log could not be trusted to go on'),
    epochsEntered: counter(
      'epochs_entered',
      'Times that Redis was found to stand in an earlier epoch than the log: all sessions from before are over',
    ),
    joinsRefused: counter('member_joins_refused', 'Verifiers that asked to be members and may not be now', [
      'reason',
    ]),
    withoutRoom: counter('log_entries_without_room', 'Entries that the log had no room for', ['type']),
    projectionFailures: counter('projection_failures', 'Times the projection into Redis began to fail'),
  }
}

function addGauges(registry: Registry, view: LogView, log: () => Followed): void {
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
  gauge(
    'lease_remaining_seconds',
    'How long this replica may still answer without renewing its lease',
    () => log().coordinator.leaseRemainingMs(systemClock()) / 1_000,
  )
  gauge('log_bytes', 'How much of its room the log has taken', () => log().room.reading?.bytes ?? 0)
  gauge(
    'log_max_bytes',
    'How much room there is for the log; 0 where no limit can be seen',
    () => log().room.reading?.maxBytes ?? 0,
  )
  gauge(
    'log_frozen',
    '1 while the log is not what it was and nothing is granted, confirmed or answered',
    () => Number(log().isFrozen),
  )
  registry.registerMetric(
    new Gauge({
      name: 'curfew_members',
      help: 'Processes that revocations are confirmed by',
      labelNames: ['kind'],
      registers: [],
      collect() {
        const kinds = log()
          .coordinator.members()
          .map(({ description }) => description.kind)
        for (const kind of ['verifier', 'replica'] as const)
          this.set({ kind }, kinds.filter((each) => each === kind).length)
      },
    }),
  )
}
