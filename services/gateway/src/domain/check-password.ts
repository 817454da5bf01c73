/**
 * ① Is this the password of that account?
 * Promise: the answer takes the same work whether or not there is such an account and however its password is stored.
 */
import type { Account, Accounts, Passwords } from '../ports.ts'
import { paddingHash } from './decoy-hash.ts'
import type { Place } from './fair-queue.ts'

export interface PasswordPorts {
  readonly accounts: Pick<Accounts, 'decoyHash'>
  readonly passwords: Pick<Passwords, 'check'>
}

export async function checkPassword(
  { accounts, passwords }: PasswordPorts,
  account: Account | undefined,
  password: string,
  place: Place,
): Promise<'right' | 'wrong' | 'busy'> {
  const { decoyHash } = accounts
  const hash = account?.passwordHash ?? decoyHash
  const checked = await passwords.check(hash, password, place)
  const padding = paddingHash(hash, decoyHash)
  if (checked === 'busy') return 'busy'
  if (padding !== undefined && (await passwords.check(padding, password, place)) === 'busy') return 'busy'
  return account === undefined && checked === 'right' ? 'wrong' : checked
}
