/** ④ ⑦ `curfew.claims.redeem`: the file service has verified a claim and asks whether it is the first to present it. */
import { REDEEM_CLAIM, SUBJECTS } from '@curfew/contracts'

import { redeemClaim, type RedeemPorts } from '../domain/redeem-claim.ts'
import type { Reports } from '../ports.ts'
import type { Answers } from './answers.ts'

export interface ClaimPorts extends RedeemPorts {
  readonly reports: Reports
}

export function answerRedeemClaim(answers: Answers, ports: ClaimPorts): void {
  answers.to(REDEEM_CLAIM, SUBJECTS.redeemClaim, async (claim) => {
    const redemption = await redeemClaim(ports, claim)
    ports.reports.claimSettled({ ...redemption, sessionId: claim.session })
    return { outcome: redemption.outcome }
  })
}
