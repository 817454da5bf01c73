/**
 * ① Decides a login.
 * Promise: the session's birth is older than anything read of the account, and every refusal takes the same steps up to the password.
 */
import type { ClientId, RefusalReason, SessionInfo } from '@curfew/contracts'

import type { Accounts, Passwords, SessionAuthority } from '../ports.ts'

export interface LoginAttempt {
  readonly tenant: string
  readonly username: string
  readonly password: string
  readonly client: ClientId
}

export type LoginResult =
  | { readonly kind: 'created'; readonly token: string; readonly session: SessionInfo }
  /** For the log; outside, all of them look the same. */
  | { readonly kind: 'refused'; readonly reason: 'unknown-account' | 'wrong-password' | RefusalReason }
  | { readonly kind: 'busy' }

export interface LoginPorts {
  readonly accounts: Accounts
  readonly passwords: Passwords
  readonly authority: SessionAuthority
}

/** One factor, something known: the lowest level of NIST SP 800-63B. */
const ACR = 'aal1'
/** RFC 8176. */
const AMR = ['pwd']

export async function logIn(ports: LoginPorts, attempt: LoginAttempt): Promise<LoginResult> {
  const { accounts, passwords, authority } = ports
  if (passwords.isFull) return { kind: 'busy' }
  // Before the account is looked at: a revocation that comes from here on covers the session.
  const birth = await authority.prepare()
  const account = accounts.find(attempt.tenant, attempt.username)
  const checked = await passwords.check(account?.passwordHash ?? accounts.decoyHash, attempt.password)
  if (checked === 'busy') return { kind: 'busy' }
  if (account === undefined) return { kind: 'refused', reason: 'unknown-account' }
  if (checked === 'wrong') return { kind: 'refused', reason: 'wrong-password' }

  const { tenant, user } = account
  const creation = await authority.create({
    birth,
    tenant,
    user,
    client: attempt.client,
    acr: ACR,
    amr: [...AMR],
  })
  if (creation.outcome === 'refused') return { kind: 'refused', reason: creation.reason }
  return { kind: 'created', token: creation.token, session: creation.session }
}
