/**
 * ⑦ Says what became of each claim, to the log and the counter in one call.
 * Promise: ids and reasons, never a claim; an id is in the log only, so that metrics stay small.
 */
import type { FileClaim, InvalidReason, Redemption } from '@curfew/one-time-claims'
import type { FastifyBaseLogger } from 'fastify'
import { Counter, type Registry } from 'prom-client'

import type { Operation } from '../ports.ts'

export interface ClaimDecision {
  readonly outcome: Redemption | 'invalid' | 'mismatch' | 'unavailable'
  readonly operation: Operation
  readonly reason?: InvalidReason | 'operation' | 'file' | 'version'
  /** Absent while it is not known whose it is. */
  readonly claim?: FileClaim
  readonly err?: unknown
}

export type ClaimReport = (log: FastifyBaseLogger, decision: ClaimDecision) => void

export function createClaimReport(registry: Registry): ClaimReport {
  const decisions = new Counter({
    name: 'curfew_claims_total',
    help: 'One-time claims presented, by operation and what became of them',
    labelNames: ['operation', 'outcome', 'reason'],
    registers: [registry],
  })
  return (log, { outcome, operation, reason, claim, err }) => {
    decisions.inc({ operation, outcome, reason: reason ?? '' })
    const line = {
      event: outcome === 'redeemed' ? 'claim.redeemed' : 'claim.refused',
      operation,
      ...(outcome !== 'redeemed' && { reason: reason ?? outcome }),
      ...(claim && {
        claimId: claim.claimId,
        issuer: claim.issuer,
        sessionId: claim.session,
        file: claim.act.file,
      }),
      ...(err !== undefined && { err }),
    }
    if (outcome === 'redeemed') log.info(line)
    else log.warn(line)
  }
}
