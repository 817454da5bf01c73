/**
 * ② What a verifier counts and how it stands. Session ids, users and tenants are never labels: they belong to the log.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

import type { Verdict } from './verdict.ts'

/** Read when somebody looks. */
export interface VerifierState {
  readonly leaseRemainingMs: number
  readonly applied: number
  readonly lag: number
  readonly cachedSessions: number
  readonly watches: number
}

export interface VerifierMetrics {
  /** Admitted from memory. */
  hit(): void
  checked(verdict: Verdict): void
  /** Admitted although the lease had ended, by a route that allows it. */
  admittedStale(): void
  asked(sessions: number, outcome: string): void
}

const GAUGES: readonly (readonly [name: string, help: string, read: (state: VerifierState) => number])[] = [
  [
    'lease_remaining_milliseconds',
    'How long memory may still be answered from',
    (state) => state.leaseRemainingMs,
  ],
  [
    'applied_sequence',
    'Sequence of the log up to which everything has taken effect',
    (state) => state.applied,
  ],
  ['lag_entries', 'Entries known to be in the log and not applied', (state) => state.lag],
  ['cached_sessions', 'Sessions in memory', (state) => state.cachedSessions],
  ['watches', 'Streams that end with their session', (state) => state.watches],
]

export function createVerifierMetrics(
  registry: Registry | undefined,
  readState: () => VerifierState,
): VerifierMetrics {
  const registers = registry === undefined ? [] : [registry]
  // A hit costs less than counting it under labels would: hits are added up when somebody looks.
  let [hits, hitsCounted] = [0, 0]
  const checks = new Counter({
    name: 'curfew_verifier_checks_total',
    help: 'Session checks by verdict, by inward reason where refused; `memory` tells those answered from it',
    labelNames: ['result', 'reason', 'memory'] as const,
    registers,
    collect() {
      if (hits === hitsCounted) return
      this.inc({ result: 'admitted', reason: '', memory: 'hit' }, hits - hitsCounted)
      hitsCounted = hits
    },
  })
  const asks = new Counter({
    name: 'curfew_verifier_asks_total',
    help: 'Requests about sessions to the session authority by outcome',
    labelNames: ['outcome'] as const,
    registers,
  })
  const batchSize = new Histogram({
    name: 'curfew_verifier_batch_size',
    help: 'Sessions asked for in one request',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  })
  for (const [name, help, read] of GAUGES) {
    const gauge = new Gauge({
      name: `curfew_verifier_${name}`,
      help,
      registers: [],
      collect() {
        this.set(read(readState()))
      },
    })
    registry?.registerMetric(gauge)
  }
  return {
    hit: () => void (hits += 1),
    checked: (verdict) =>
      checks.inc({
        result: verdict.kind,
        reason: verdict.kind === 'refused' ? verdict.reason : '',
        memory: 'miss',
      }),
    admittedStale: () => checks.inc({ result: 'admitted', reason: '', memory: 'stale' }),
    asked(sessions, outcome) {
      asks.inc({ outcome })
      batchSize.observe(sessions)
    },
  }
}
