/**
 * ① The accounts and their first passwords, read once at start from a file.
 * Promise: a faulty file stops the start and every faulty entry is named; no hash gets into a message.
 */
import { readFile } from 'node:fs/promises'

import { TenantIdSchema, UserIdSchema, type TenantId, type UserId } from '@curfew/contracts'
import { ConfigError } from '@curfew/service-kit'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

import { decoyHashFor, isPasswordHash } from '../domain/decoy-hash.ts'
import type { Account } from '../ports.ts'

export type InitialAccount = Omit<Account, 'revision'>

export interface AccountsFile {
  find(tenant: string, username: string): InitialAccount | undefined
  readonly decoyHash: string
}

const file = Compile(Type.Object({ accounts: Type.Array(Type.Unknown()) }, { additionalProperties: false }))
const entry = Compile(
  Type.Object(
    { tenant: TenantIdSchema, username: UserIdSchema, password_hash: Type.String({ maxLength: 512 }) },
    { additionalProperties: false },
  ),
)

/** @throws ConfigError */
export async function readAccounts(path: string): Promise<AccountsFile> {
  const accounts = new Map<string, InitialAccount>()
  const faults: string[] = []
  for (const [index, value] of (await entriesOf(path)).entries()) {
    const name = `accounts[${index}]${nameOf(value)}`
    if (!entry.Check(value)) {
      faults.push(`${name} in ${path}: ${faultIn(value)}`)
      continue
    }
    const key = keyOf(value.tenant, value.username)
    if (!isPasswordHash(value.password_hash))
      faults.push(`${name} in ${path}: password_hash is not an argon2id PHC string`)
    if (accounts.has(key)) faults.push(`${name} in ${path}: this account stands there twice`)
    accounts.set(key, { tenant: value.tenant, user: value.username, passwordHash: value.password_hash })
  }
  if (faults.length > 0) throw new ConfigError(faults)
  const decoyHash = decoyHashFor([...accounts.values()].map(({ passwordHash }) => passwordHash))
  return { decoyHash, find: (tenant, username) => accounts.get(keyOf(tenant, username)) }
}

async function entriesOf(path: string): Promise<unknown[]> {
  let content: unknown
  try {
    content = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    // A parser's message quotes what it read.
    const why = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    throw new ConfigError([`GATEWAY_ACCOUNTS_FILE: ${path} ${why}`])
  }
  if (!file.Check(content)) throw new ConfigError([`GATEWAY_ACCOUNTS_FILE: ${path} is not {"accounts":[…]}`])
  return content.accounts
}

function faultIn(value: unknown): string {
  const [error] = entry.Errors(value)
  return `${error?.instancePath.slice(1) || 'it'} ${error?.message ?? 'is not acceptable'}`
}

function nameOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return ''
  const { tenant, username } = value as { tenant?: unknown; username?: unknown }
  return typeof tenant === 'string' && typeof username === 'string' ? ` (${tenant}/${username})` : ''
}

/** Names hold no slash, so a tenant and a user never read as another pair; what a caller sends may hold one and finds nothing. */
function keyOf(tenant: string | TenantId, username: string | UserId): string {
  return JSON.stringify([tenant, username])
}
