/**
 * ④ ⑦ Spends a one-time claim.
 * Promise: of all who ever present it, one hears `redeemed`, and only while the session behind it lives and may still do
 * what the claim is for. A delivery that broke off may be taken up once more for what is left of it.
 */
import type { Permission, SessionId, TenantId, UserId } from '@curfew/contracts'

import type { ClaimLedger, Delivery } from '../ports.ts'
import { lookUp, type LookUpPorts } from './look-up.ts'
import { effectivePermissions } from './permissions.ts'

export interface ClaimToRedeem {
  readonly issuer: string
  readonly claimId: string
  readonly expiresAtSeconds: number
  readonly session: SessionId
  readonly tenant: TenantId
  readonly user: UserId
  readonly permission?: Permission
  readonly delivery?: Delivery
}

export interface RedeemPorts extends LookUpPorts {
  readonly claims: ClaimLedger
}

export type Redemption =
  | { readonly outcome: 'redeemed' | 'spent' | 'under-way' }
  | { readonly outcome: 'withdrawn'; readonly reason: string }

/** The verifier's clock may run behind ours by this much, and still take a claim that has expired here. */
const SKEW_MS = 60_000
/** Claims last 300 s at most (api.md); one that asks to be remembered for longer than this was not checked. */
const REMEMBERED_AT_MOST_MS = 3_600_000

export async function redeemClaim(ports: RedeemPorts, claim: ClaimToRedeem): Promise<Redemption> {
  const { sessions, nowMs } = await lookUp(ports, [claim.session])
  const [found] = sessions
  if (found === undefined || found.verdict === 'unknown') return withdrawn('unknown')
  if (found.verdict !== 'live') return withdrawn(found.verdict)
  if (found.session.tenant !== claim.tenant || found.session.user !== claim.user)
    return withdrawn('other-subject')
  const { permission } = claim
  const permissions = effectivePermissions(claim.tenant, found.subject.grants, ports.view.wide)
  if (permission !== undefined && !permissions.includes(permission)) return withdrawn('permission-lost')

  const rememberMs = claim.expiresAtSeconds * 1_000 + SKEW_MS - nowMs
  // It could not be remembered for as long as somebody might accept it, so it is not accepted at all.
  if (rememberMs <= 0 || rememberMs > REMEMBERED_AT_MOST_MS) return withdrawn('expiry-out-of-range')
  const taken = await ports.claims.take(claim, claim.delivery, rememberMs)
  return { outcome: taken === 'taken' ? 'redeemed' : taken }
}

function withdrawn(reason: string): Redemption {
  return { outcome: 'withdrawn', reason }
}
