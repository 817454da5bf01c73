/**
 * ① Decides a login.
 * Promise: the session's birth is older than anything read of the account, and every refusal takes the same steps up to the password.
 */
import type { ClientId, RefusalReason, SessionInfo, Subject } from '@curfew/contracts'

import type { Account, Accounts, Passwords, SessionAuthority, UsedUp } from '../ports.ts'
import type { AttemptThrottle, Lane } from './attempt-throttle.ts'
import { checkPassword } from './check-password.ts'
import type { LoginBudget } from './login-budget.ts'

export interface LoginAttempt {
  readonly tenant: string
  readonly username: string
  readonly password: string
  readonly client: ClientId
  readonly lane: Lane
  readonly label: string | undefined
  readonly addressClass: string | undefined
}

export type LoginRefusal = 'unknown-account' | 'wrong-password' | RefusalReason

export type LoginResult =
  | {
      readonly kind: 'created'
      readonly token: string
      readonly session: SessionInfo
      readonly account: Account
    }
  /** For the log; outside, all of them look the same. The subject is that of an account that exists. */
  | { readonly kind: 'refused'; readonly reason: LoginRefusal; readonly subject: Subject | undefined }
  /** The subject where it is the account that has logged in too often, with the right password. */
  | { readonly kind: 'throttled'; readonly usedUp: UsedUp; readonly subject?: Subject }
  | { readonly kind: 'busy' }

export interface LoginPorts {
  readonly accounts: Accounts
  readonly passwords: Passwords
  readonly authority: Pick<SessionAuthority, 'prepare' | 'create' | 'end'>
  readonly attempts: AttemptThrottle
  readonly budget: LoginBudget
}

/** One factor, something known: the lowest level of NIST SP 800-63B. */
const ACR = 'aal1'
/** RFC 8176. */
const AMR = ['pwd']

export async function logIn(ports: LoginPorts, attempt: LoginAttempt): Promise<LoginResult> {
  const { accounts, passwords, authority, attempts, budget } = ports
  const { client, password, lane, label, addressClass } = attempt
  if (!passwords.hasRoomFor(lane.place)) return { kind: 'busy' }
  const usedUp = await attempts.admit(lane)
  if (usedUp !== undefined) return { kind: 'throttled', usedUp }
  // Before the account is looked at: a revocation, or a change of the password, that comes from here on covers the session.
  const birth = await authority.prepare()
  const account = await accounts.find(attempt.tenant, attempt.username)
  const checked = await checkPassword(ports, account, password, lane.place)
  if (checked === 'busy') return { kind: 'busy' }
  if (account === undefined || checked === 'wrong') {
    await attempts.failed(lane)
    const reason = account === undefined ? 'unknown-account' : 'wrong-password'
    return { kind: 'refused', reason, subject: account && subjectOf(account) }
  }

  const subject = subjectOf(account)
  // The answer tells that the password was right. Counting attempts before it would let strangers keep the owner out.
  const spent = await budget.take(subject)
  if (spent !== undefined) return { kind: 'throttled', usedUp: spent, subject }
  const creation = await authority.create({
    birth,
    ...subject,
    client,
    acr: ACR,
    amr: [...AMR],
    ...(label !== undefined && { label }),
    ...(addressClass !== undefined && { addressClass }),
  })
  if (creation.outcome === 'refused') {
    // Counted like a wrong password: the limits must not tell that this one was right.
    await attempts.failed(lane)
    return { kind: 'refused', reason: creation.reason, subject }
  }
  return { kind: 'created', token: creation.token, session: creation.session, account }
}

function subjectOf({ tenant, user }: Subject): Subject {
  return { tenant, user }
}
