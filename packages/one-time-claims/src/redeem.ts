/**
 * ⑦ → ④ Spends a claim at the session authority.
 * Promise: of all callers that ever present one claim, exactly one hears `redeemed`; a session that is over makes it `withdrawn`.
 */
import { REDEEM_CLAIM, SUBJECTS } from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import type { FileClaim } from './claim.ts'

export type Redemption = 'redeemed' | 'spent' | 'withdrawn'

/**
 * @throws RequestFailed when the authority cannot be asked. After `timeout` the claim may be spent: asking again could only
 * hear `spent`, so the caller refuses and its user gets a new claim.
 */
export async function redeemClaim(nc: NatsConnection, claim: FileClaim): Promise<Redemption> {
  const { outcome } = await ask(nc, REDEEM_CLAIM, SUBJECTS.redeemClaim, {
    issuer: claim.issuer,
    claimId: claim.claimId,
    expiresAtSeconds: claim.expiresAtSeconds,
    session: claim.session,
    tenant: claim.subject.tenant,
    user: claim.subject.user,
  })
  return outcome
}
