/**
 * ① Whoever holds a session shows the password of its account once more.
 * Promise: tries are limited by session, whatever the password is shown for; what is wrong takes the same work as what is right.
 */
import type { SessionId } from '@curfew/contracts'

import type { Account, Accounts, Passwords, UsedUp } from '../ports.ts'
import { sessionLane, type AttemptThrottle } from './attempt-throttle.ts'
import { checkPassword } from './check-password.ts'
import type { Place } from './fair-queue.ts'

export interface ProofPorts {
  readonly accounts: Accounts
  readonly passwords: Passwords
  readonly attempts: AttemptThrottle
}

export interface Proof {
  readonly tenant: string
  readonly user: string
  readonly session: SessionId
  readonly address: string
  readonly password: string
}

export type ProofResult =
  | { readonly kind: 'proven'; readonly account: Account; readonly place: Place }
  | { readonly kind: 'throttled'; readonly usedUp: UsedUp }
  | { readonly kind: 'wrong-password' | 'busy' }

export async function provePassword(ports: ProofPorts, proof: Proof): Promise<ProofResult> {
  const { accounts, passwords, attempts } = ports
  const { tenant, user: username, session, address } = proof
  const lane = sessionLane({ tenant, username }, session, address)
  if (!passwords.hasRoomFor(lane.place)) return { kind: 'busy' }
  const usedUp = await attempts.admit(lane)
  if (usedUp !== undefined) return { kind: 'throttled', usedUp }
  // Sessions of people who have no account here exist as well: their backends have authenticated them.
  const account = await accounts.find(tenant, username)
  const checked = await checkPassword(ports, account, proof.password, lane.place)
  if (checked === 'busy') return { kind: 'busy' }
  if (account !== undefined && checked === 'right') return { kind: 'proven', account, place: lane.place }
  await attempts.failed(lane)
  return { kind: 'wrong-password' }
}
