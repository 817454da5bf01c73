/**
 * Who exists on a development machine: accounts, one trusted client, and the keys of the services.
 * Promise: created once per directory with random secrets, readable by the owner only; a second call finds the same ones.
 */
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { argon2id, hash } from 'argon2'

import { newPassword } from './credentials.ts'
import { PEOPLE, SEED } from './development-people.ts'
import { readJsonIfPresent, writePrivateFile, writePrivateJson } from './private-files.ts'

export interface DevelopmentAccount {
  readonly tenant: string
  readonly username: string
  readonly password: string
  readonly roles: readonly string[]
}

export interface DevelopmentClient {
  readonly id: string
  readonly secret: string
}

export interface DevelopmentIdentities {
  readonly accounts: readonly DevelopmentAccount[]
  /** Trusted backends that create sessions for users they have authenticated. */
  readonly clients: readonly DevelopmentClient[]
  /** What the services read. */
  readonly files: {
    readonly accounts: string
    readonly clients: string
    readonly seed: string
    readonly csrfKey: string
  }
}

type Secrets = Pick<DevelopmentIdentities, 'accounts' | 'clients'>

// What OWASP recommends as the least: enough for random passwords, and a login stays cheap in tests.
const ARGON2 = { type: argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** @throws SyntaxError when the files have been damaged: removing `<directory>/identities` makes new ones. */
export async function createDevelopmentIdentities(directory: string): Promise<DevelopmentIdentities> {
  const folder = join(directory, 'identities')
  const secretsFile = join(folder, 'secrets.json')
  const files = {
    accounts: join(folder, 'accounts.json'),
    clients: join(folder, 'clients.json'),
    seed: join(folder, 'seed.json'),
    csrfKey: join(folder, 'csrf-key'),
  }
  const found = readJsonIfPresent(secretsFile) as Secrets | undefined
  if (found !== undefined) {
    // What clients may do can be more than when their secrets were made.
    writePrivateJson(files.clients, { clients: found.clients.map(hashSecret) })
    return { ...found, files }
  }

  const secrets: Secrets = {
    accounts: PEOPLE.map((person) => ({ ...person, password: newPassword() })),
    clients: [{ id: 'backend', secret: newPassword() }],
  }
  writePrivateJson(files.accounts, { accounts: await hashPasswords(secrets.accounts) })
  writePrivateJson(files.clients, { clients: secrets.clients.map(hashSecret) })
  writePrivateJson(files.seed, SEED)
  writePrivateFile(files.csrfKey, randomBytes(32).toString('base64url'))
  // Last, so that its presence says that all the others are there.
  writePrivateJson(secretsFile, secrets)
  return { ...secrets, files }
}

function hashPasswords(accounts: readonly DevelopmentAccount[]): Promise<object[]> {
  return Promise.all(
    accounts.map(async ({ tenant, username, password }) => ({
      tenant,
      username,
      password_hash: await hash(password, ARGON2),
    })),
  )
}

/** A random secret of 192 bits needs no slow hash. */
function hashSecret({ id, secret }: DevelopmentClient): object {
  return {
    id,
    secret_sha256: createHash('sha256').update(secret).digest('base64url'),
    // A development machine has one client to try things with: users of every tenant, every token, no operators.
    sessions: { tenants: '*', max_acr: 'aal1' },
    introspect: {},
  }
}
