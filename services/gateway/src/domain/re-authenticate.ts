/**
 * ① Decides a re-authentication: the owner of a live session gives the password again.
 * Promise: a wrong password changes nothing; a right one changes the secret, so that whoever else knew the old one is out.
 */
import { subjectKey, type RefusalReason, type SecretHash, type SessionInfo } from '@curfew/contracts'

import type { OwnSession, SessionAuthority } from '../ports.ts'
import { provePassword, type ProofPorts, type ProofResult } from './prove-password.ts'

export interface ReauthenticationPorts extends ProofPorts {
  readonly authority: Pick<SessionAuthority, 'rotate'>
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
  | Exclude<ProofResult, { kind: 'proven' }>
  | { readonly kind: 'superseded' | 'no-room' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

/** As at login (NIST SP 800-63B, RFC 8176). */
const PASSWORD_GIVEN = { acr: 'aal1', amr: ['pwd'] }

export async function reauthenticate(
  ports: ReauthenticationPorts,
  { own, secretHash, address, password }: Reauthentication,
): Promise<ReauthenticationResult> {
  const proof = await provePassword(ports, { ...own, address, password })
  if (proof.kind !== 'proven') return proof

  const by = { actor: subjectKey(own.tenant, own.user), reason: 're-authentication' }
  const rotation = await ports.authority.rotate({ ...own, secretHash, authentication: PASSWORD_GIVEN, ...by })
  switch (rotation.outcome) {
    case 'rotated':
      return { kind: 'rotated', token: rotation.token, session: rotation.session }
    case 'refused':
      return { kind: 'refused', reason: rotation.reason }
    case 'superseded':
    case 'no-room':
      return { kind: rotation.outcome }
  }
}
