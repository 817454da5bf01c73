/**
 * ⑦ Claims are verified here, with the issuers' public keys, and redeemed at ④ the session authority.
 */
import {
  CLAIM_AUDIENCE,
  createClaimVerifier,
  redeemClaim,
  type ClaimVerifierOptions,
} from '@curfew/one-time-claims'
import type { NatsConnection } from '@nats-io/transport-node'

import type { ClaimDesk } from '../ports.ts'

/** Clocks that are kept by NTP differ by far less; a claim is not worth more than this. */
const CLOCK_TOLERANCE_SECONDS = 5

export function createClaimDesk(nc: NatsConnection, issuers: ClaimVerifierOptions['issuers']): ClaimDesk {
  const verifier = createClaimVerifier({
    audience: CLAIM_AUDIENCE,
    issuers,
    clockToleranceSeconds: CLOCK_TOLERANCE_SECONDS,
  })
  return { verify: (claim) => verifier.verify(claim), redeem: (claim) => redeemClaim(nc, claim) }
}
