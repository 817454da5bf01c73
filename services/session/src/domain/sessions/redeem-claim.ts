/**
 * ④ ⑦ Spends a one-time claim.
 * Promise: of all who ever present it, one hears `redeemed`, and only while the session behind it lives and may still do
 * what the claim is for. A delivery that broke off may be taken up once more for what is left of it.
 */
import type { Delivery, Permission, SessionId, TenantId, UserId } from '@curfew/contracts'

import { effectivePermissions } from '../log/permissions.ts'
import type { WideFacts } from '../log/wide-facts.ts'
import { lookUp, type LookedUp, type LookUpPorts } from './look-up.ts'
import type { ClaimLedger } from './ports.ts'

/** On whose behalf a claim was minted, and the permission that it stands on. */
export interface Grounds {
  readonly session: SessionId
  readonly tenant: TenantId
  readonly user: UserId
  readonly permission?: Permission
}

export interface ClaimToRedeem extends Grounds {
  readonly issuer: string
  readonly claimId: string
  readonly expiresAtSeconds: number
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
  const fault = faultOf(claim, sessions[0], ports.view.wide)
  if (fault !== undefined) return withdrawn(fault)

  const rememberMs = claim.expiresAtSeconds * 1_000 + SKEW_MS - nowMs
  // It could not be remembered for as long as somebody might accept it, so it is not accepted at all.
  if (rememberMs <= 0 || rememberMs > REMEMBERED_AT_MOST_MS) return withdrawn('expiry-out-of-range')
  const taken = await ports.claims.take(claim, claim.delivery, rememberMs)
  return { outcome: taken === 'taken' ? 'redeemed' : taken }
}

/** Whether what deliveries under way stand on still stands, in the order of the question. */
export async function checkGrounds(ports: LookUpPorts, grounds: readonly Grounds[]): Promise<boolean[]> {
  const { sessions } = await lookUp(
    ports,
    grounds.map(({ session }) => session),
  )
  return grounds.map((each, index) => faultOf(each, sessions[index], ports.view.wide) === undefined)
}

/** Why a claim does not stand any more. */
function faultOf(
  { tenant, user, permission }: Grounds,
  found: LookedUp | undefined,
  wide: WideFacts,
): string | undefined {
  if (found === undefined || found.verdict === 'unknown') return 'unknown'
  if (found.verdict !== 'live') return found.verdict
  if (found.session.tenant !== tenant || found.session.user !== user) return 'other-subject'
  const permissions = effectivePermissions(tenant, found.subject.grants, wide)
  return permission === undefined || permissions.includes(permission) ? undefined : 'permission-lost'
}

function withdrawn(reason: string): Redemption {
  return { outcome: 'withdrawn', reason }
}
