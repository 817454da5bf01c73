/**
 * ② What a verifier counts. Session ids, users and tenants are never labels: they belong to the log.
 */
import { Counter, Histogram, type Registry } from 'prom-client'

import type { Verdict } from './verdict.ts'

export interface VerifierMetrics {
  checked(verdict: Verdict): void
  asked(sessions: number, outcome: string): void
}

export function createVerifierMetrics(registry: Registry | undefined): VerifierMetrics {
  const registers = registry === undefined ? [] : [registry]
  const checks = new Counter({
    name: 'curfew_verifier_checks_total',
    help: 'Session checks by verdict, and by inward reason where refused',
    labelNames: ['result', 'reason'] as const,
    registers,
  })
  const asks = new Counter({
    name: 'curfew_verifier_asks_total',
    help: 'Requests to the session authority by outcome',
    labelNames: ['outcome'] as const,
    registers,
  })
  const batchSize = new Histogram({
    name: 'curfew_verifier_batch_size',
    help: 'Sessions asked for in one request',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  })
  return {
    checked: (verdict) =>
      checks.inc({ result: verdict.kind, reason: verdict.kind === 'refused' ? verdict.reason : '' }),
    asked(sessions, outcome) {
      asks.inc({ outcome })
      batchSize.observe(sessions)
    },
  }
}
