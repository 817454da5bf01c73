/** ④ ⑦ `curfew.claims.*`: the file service has verified a claim, asks whether it may act on it, and says how far it came. */
import { CHECK_CLAIMS, REDEEM_CLAIM, RELEASE_CLAIM, SUBJECTS } from '@curfew/contracts'

import type { SessionReports } from '../../domain/sessions/ports.ts'
import { checkGrounds, redeemClaim, type RedeemPorts } from '../../domain/sessions/redeem-claim.ts'
import type { Answers } from './answers.ts'

export interface ClaimPorts extends RedeemPorts {
  readonly reports: SessionReports
}

/** Of each question at once. */
const BOUNDS = { underWayMax: 512 } as const

export function answerClaims(answers: Answers, ports: ClaimPorts): void {
  answers.to(
    REDEEM_CLAIM,
    SUBJECTS.redeemClaim,
    async (claim) => {
      const redemption = await redeemClaim(ports, claim)
      const { session: sessionId, tenant, user } = claim
      ports.reports.claimSettled({ ...redemption, sessionId, tenant, user })
      return { outcome: redemption.outcome }
    },
    BOUNDS,
  )
  answers.to(
    RELEASE_CLAIM,
    SUBJECTS.releaseClaim,
    async ({ issuer, claimId, ...end }) => {
      await ports.claims.release({ issuer, claimId }, end)
      return {}
    },
    BOUNDS,
  )
  answers.to(
    CHECK_CLAIMS,
    SUBJECTS.checkClaims,
    async ({ grounds }) => ({
      stand: await checkGrounds(ports, grounds),
    }),
    BOUNDS,
  )
}
