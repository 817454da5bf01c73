/**
 * ⑦ Claims are verified here, with the issuers' public keys; ④ the session authority says what may be done with them.
 * Promise: how far a delivery came is said until it is heard, or until the claim is over.
 */
import { setTimeout as wait } from 'node:timers/promises'

import {
  checkClaims,
  CLAIM_AUDIENCE,
  createClaimVerifier,
  redeemClaim,
  releaseClaim,
  type ClaimVerifierOptions,
  type DeliveryEnd,
  type FileClaim,
} from '@curfew/one-time-claims'
import type { NatsConnection } from '@nats-io/transport-node'

import type { ClaimDesk } from '../ports.ts'
import { ClaimWatch } from './claim-watch.ts'

/** Clocks that are kept by NTP differ by far less; a claim is not worth more than this. */
const CLOCK_TOLERANCE_SECONDS = 5
const RELEASE_AGAIN_MS = 500

export function createClaimDesk(
  nc: NatsConnection,
  accepted: Pick<ClaimVerifierOptions, 'issuers' | 'algorithms'>,
): ClaimDesk {
  const verifier = createClaimVerifier({
    audience: CLAIM_AUDIENCE,
    ...accepted,
    clockToleranceSeconds: CLOCK_TOLERANCE_SECONDS,
  })
  const watch = new ClaimWatch(nc)

  async function release(claim: FileClaim, end: DeliveryEnd): Promise<void> {
    while (!nc.isClosed() && Date.now() < claim.expiresAtSeconds * 1_000) {
      const isHeard = await releaseClaim(nc, claim, end).then(
        () => true,
        () => false,
      )
      if (isHeard) return
      await wait(RELEASE_AGAIN_MS, undefined, { ref: false })
    }
  }

  return {
    verify: (claim) => verifier.verify(claim),
    stands: async (claim) => (await checkClaims(nc, [claim]))[0] === true,
    redeem: (claim, delivery) => redeemClaim(nc, claim, delivery),
    release,
    watch: (claim, onWithdrawn) => watch.watch(claim, onWithdrawn),
  }
}
