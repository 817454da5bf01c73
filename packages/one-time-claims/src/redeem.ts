/**
 * ⑦ → ④ Spends a claim at the session authority.
 * Promise: of all callers that present one claim, one at a time hears `redeemed`, and never for bytes that were delivered;
 * a session that is over, or may no longer do this, makes it `withdrawn`.
 */
import {
  CHECK_CLAIMS,
  REDEEM_CLAIM,
  RELEASE_CLAIM,
  SUBJECTS,
  type Delivery,
  type DeliveryEnd,
} from '@curfew/contracts'
import { ask } from '@curfew/messaging'
import type { NatsConnection } from '@nats-io/transport-node'

import type { FileClaim } from './claim.ts'

export type Redemption = 'redeemed' | 'spent' | 'under-way' | 'withdrawn'

/**
 * Without a delivery the claim is spent by this call. With one, the caller releases the claim when the delivery is over, and
 * what is left after it broke off may be redeemed again.
 *
 * @throws RequestFailed when the authority cannot be asked. After `timeout` the claim may be spent: asking again could only
 * hear `spent`, so the caller refuses and its user gets a new claim.
 */
export async function redeemClaim(
  nc: NatsConnection,
  claim: FileClaim,
  delivery?: Delivery,
): Promise<Redemption> {
  const { outcome } = await ask(nc, REDEEM_CLAIM, SUBJECTS.redeemClaim, {
    issuer: claim.issuer,
    claimId: claim.claimId,
    expiresAtSeconds: claim.expiresAtSeconds,
    ...groundsOf(claim),
    ...(delivery !== undefined && { delivery: { ...delivery } }),
  })
  return outcome
}

/**
 * Says how far a delivery came.
 * @throws RequestFailed; the claim then stays under way until it expires, which serves nobody twice
 */
export async function releaseClaim(nc: NatsConnection, claim: FileClaim, end: DeliveryEnd): Promise<void> {
  const { issuer, claimId } = claim
  await ask(nc, RELEASE_CLAIM, SUBJECTS.releaseClaim, { issuer, claimId, ...end })
}

/**
 * Whether the sessions behind these claims (256 at most) are alive and may still do what the claims are for.
 * @throws RequestFailed when the authority cannot be asked
 */
export async function checkClaims(nc: NatsConnection, claims: readonly FileClaim[]): Promise<boolean[]> {
  const { stand } = await ask(nc, CHECK_CLAIMS, SUBJECTS.checkClaims, { grounds: claims.map(groundsOf) })
  if (stand.length !== claims.length) throw new Error('the answer is not one to this question')
  return stand
}

function groundsOf({ session, subject: { tenant, user }, permission }: FileClaim) {
  return { session, tenant, user, ...(permission !== undefined && { permission }) }
}
