/**
 * ① A changed password as it is kept, beside the accounts file that says what the password was at first.
 * Promise: what an owner has changed holds against the file, until the operator writes another hash into the file: that is
 * newer than everything it does not know, and wins. A replica that still has an older file goes by the change.
 */
import { createHash } from 'node:crypto'

export interface PasswordRecord {
  readonly v: 1
  readonly password_hash: string
  /** Digests of the hashes of the file that this has come after, the latest first. */
  readonly replaces: readonly string[]
}

/** An operator who resets a password more often than this within one life of an account starts over. */
const LINEAGE_MAX = 16

export function currentHash(fileHash: string, record: PasswordRecord | undefined): string {
  return record?.replaces.includes(digestOf(fileHash)) === true ? record.password_hash : fileHash
}

export function recordOf(
  passwordHash: string,
  fileHash: string,
  before: PasswordRecord | undefined,
): PasswordRecord {
  const replaces = [...new Set([digestOf(fileHash), ...(before?.replaces ?? [])])].slice(0, LINEAGE_MAX)
  return { v: 1, password_hash: passwordHash, replaces }
}

function digestOf(hash: string): string {
  return createHash('sha256').update(hash).digest('base64url')
}
