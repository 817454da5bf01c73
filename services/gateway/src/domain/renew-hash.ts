/**
 * ① Stores a password anew whose hash is cheaper to guess against than today's.
 * Promise: never in place of a password that has been changed in the meantime.
 */
import type { Account, Accounts, Passwords } from '../ports.ts'
import { isWeak } from './decoy-hash.ts'
import type { Place } from './fair-queue.ts'

export interface RenewalPorts {
  readonly accounts: Pick<Accounts, 'storePassword'>
  readonly passwords: Pick<Passwords, 'hash'>
}

/** @param password has just been found to be right for the account */
export async function renewHash(
  { accounts, passwords }: RenewalPorts,
  account: Account,
  { password, place }: { readonly password: string; readonly place: Place },
): Promise<'stored' | 'conflict' | 'busy' | 'unnecessary'> {
  if (!isWeak(account.passwordHash)) return 'unnecessary'
  const passwordHash = await passwords.hash(password, place)
  return passwordHash === undefined ? 'busy' : accounts.storePassword(account, passwordHash)
}
