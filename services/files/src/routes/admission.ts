/**
 * ⑦ From a claim that somebody sent to a claim that is spent, in two steps with room for the caller's own checks between.
 * Promise: nothing is spent before everything that can be checked for free has been, and nothing is served before it is spent.
 */
import type { Delivery } from '@curfew/one-time-claims'
import { Problem } from '@curfew/service-kit'
import type { FastifyBaseLogger } from 'fastify'

import { matchClaim } from '../domain/match-claim.ts'
import { claimInvalid, claimMissing, claimUnderWay } from '../errors.ts'
import type { ClaimDesk, ClaimFor, Operation } from '../ports.ts'
import type { ClaimReport } from './claim-report.ts'

export interface Admission {
  /** Free: verifies the claim and matches it with the request. @throws Problem */
  admit<Op extends Operation>(
    operation: Op,
    asked: { readonly claim: string | undefined; readonly file: string; readonly log: FastifyBaseLogger },
  ): Promise<ClaimFor<Op>>
  /** Free: refuses what the authority would refuse for its session or permission. @throws Problem */
  confirm(claim: ClaimFor<Operation>, log: FastifyBaseLogger): Promise<void>
  /** The point of no return; a delivery may be taken up again for what is left of it. @throws Problem */
  spend(claim: ClaimFor<Operation>, log: FastifyBaseLogger, delivery?: Delivery): Promise<void>
  /** The claim is for something else than what is there. */
  mismatch(claim: ClaimFor<Operation>, log: FastifyBaseLogger): Problem
}

export function createAdmission(desk: ClaimDesk, report: ClaimReport): Admission {
  return {
    admit: async (operation, { claim: text, file, log }) => {
      if (text === undefined) throw claimMissing()
      const verdict = await desk.verify(text)
      if (verdict.kind === 'unavailable') {
        report(log, { outcome: 'unavailable', operation, err: verdict.cause })
        throw new Problem('unavailable', undefined, { cause: verdict.cause })
      }
      if (verdict.kind === 'invalid') {
        report(log, { outcome: 'invalid', operation, reason: verdict.reason })
        throw claimInvalid()
      }
      const match = matchClaim(verdict.claim, operation, file)
      if (match.kind === 'match') return match.claim
      report(log, { outcome: 'mismatch', operation, reason: match.reason, claim: verdict.claim })
      throw new Problem('claim-mismatch')
    },

    confirm: async (claim, log) => {
      const operation = claim.act.op
      try {
        if (await desk.stands(claim)) return
      } catch (err) {
        report(log, { outcome: 'unavailable', operation, claim, err })
        throw err
      }
      report(log, { outcome: 'withdrawn', operation, claim })
      throw new Problem('claim-withdrawn')
    },

    spend: async (claim, log, delivery) => {
      const operation = claim.act.op
      try {
        const redemption = await desk.redeem(claim, delivery)
        report(log, { outcome: redemption, operation, claim })
        if (redemption === 'spent') throw new Problem('claim-spent')
        if (redemption === 'under-way') throw claimUnderWay()
        if (redemption === 'withdrawn') throw new Problem('claim-withdrawn')
      } catch (err) {
        if (!(err instanceof Problem)) report(log, { outcome: 'unavailable', operation, claim, err })
        throw err
      }
    },

    mismatch: (claim, log) => {
      report(log, { outcome: 'mismatch', operation: claim.act.op, reason: 'version', claim })
      return new Problem('claim-mismatch')
    },
  }
}
