/**
 * ① Decides a re-authentication: the owner of a live session gives the password again.
 * Promise: a wrong password changes nothing; a right one changes the secret, so that whoever else knew the old one is out.
 */
import { subjectKey, type RefusalReason, type SecretHash, type SessionInfo } from '@curfew/contracts'

import type { Accounts, OwnSession, Passwords, SessionAuthority, UsedUp } from '../ports.ts'
import { sessionLane, type AttemptThrottle } from './attempt-throttle.ts'
import { checkPassword } from './check-password.ts'

export interface ReauthenticationPorts {
  readonly accounts: Accounts
  readonly passwords: Passwords
  readonly authority: Pick<SessionAuthority, 'rotate'>
  readonly attempts: AttemptThrottle
}

export interface Reauthentication {
  readonly own: OwnSession
  /** Of the secret that was presented. */
  readonly secretHash: SecretHash
  readonly address: string
  readonly password: string
}

export type ReauthenticationResult =
  | { readonly kind: 'rotated'; readonly token: string; readonly session: SessionInfo }
  | { readonly kind: 'wrong-password' | 'superseded' | 'busy' }
  | { readonly kind: 'throttled'; readonly usedUp: UsedUp }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

/** As at login (NIST SP 800-63B, RFC 8176). */
const PASSWORD_GIVEN = { acr: 'aal1', amr: ['pwd'] }

export async function reauthenticate(
  ports: ReauthenticationPorts,
  { own, secretHash, address, password }: Reauthentication,
): Promise<ReauthenticationResult> {
  const { accounts, passwords, attempts, authority } = ports
  if (passwords.isFull) return { kind: 'busy' }
  const lane = sessionLane(own.session)
  const usedUp = await attempts.admit(address, lane)
  if (usedUp !== undefined) return { kind: 'throttled', usedUp }
  // Sessions of people who have no account here exist as well: their backends have authenticated them.
  const account = await accounts.find(own.tenant, own.user)
  const checked = await checkPassword(ports, account, password)
  if (checked === 'busy') return { kind: 'busy' }
  if (checked === 'wrong') {
    await attempts.failed(lane)
    return { kind: 'wrong-password' }
  }

  const by = { actor: subjectKey(own.tenant, own.user), reason: 're-authentication' }
  const rotation = await authority.rotate({ ...own, secretHash, authentication: PASSWORD_GIVEN, ...by })
  switch (rotation.outcome) {
    case 'rotated':
      return { kind: 'rotated', token: rotation.token, session: rotation.session }
    case 'refused':
      return { kind: 'refused', reason: rotation.reason }
    case 'superseded':
      return { kind: 'superseded' }
  }
}
