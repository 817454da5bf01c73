import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { verify as verifyPassword } from 'argon2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createDevelopmentIdentities, type DevelopmentIdentities } from './identities.ts'

let directory: string
let identities: DevelopmentIdentities
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'curfew-identities-'))
  identities = await createDevelopmentIdentities(directory)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function read(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}

describe('createDevelopmentIdentities', () => {
  it('makes the accounts that the documentation names', () => {
    expect(identities.accounts.map(({ tenant, username, roles }) => [tenant, username, roles])).toEqual([
      ['acme', 'alice', ['editor']],
      ['acme', 'bob', ['viewer']],
      ['globex', 'carol', ['editor']],
      ['curfew', 'operator', []],
    ])
  })

  it('keeps hashes where the services look, which match the passwords', async () => {
    interface Stored {
      tenant: string
      username: string
      password_hash: string
    }
    const stored = (read(identities.files.accounts) as { accounts: Stored[] }).accounts
    expect(stored).toHaveLength(identities.accounts.length)
    for (const [index, { password_hash: hash, ...who }] of stored.entries()) {
      const account = identities.accounts[index]
      expect(hash).toMatch(/^\$argon2id\$v=19\$/)
      expect(await verifyPassword(hash, account?.password ?? '')).toBe(true)
      expect(who).toEqual({ tenant: account?.tenant, username: account?.username })
    }
  })

  it('grants the operator what operators need, and roles to everybody else', () => {
    interface Seed {
      roles: { tenant: string; role: string; permissions: string[] }[]
      grants: { tenant: string; user: string; roles: string[]; permissions: string[] }[]
    }
    const { roles, grants } = read(identities.files.seed) as Seed
    expect(grants.find(({ user }) => user === 'operator')?.permissions).toEqual(['curfew:operator'])
    for (const { tenant, roles: held } of grants)
      for (const role of held)
        expect(roles.some((one) => one.tenant === tenant && one.role === role)).toBe(true)
    expect(roles.find(({ role }) => role === 'viewer')?.permissions).toEqual(['documents:read'])
  })

  it('lets nobody but the owner read any of it', () => {
    const folder = join(directory, 'identities')
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    for (const file of readdirSync(folder)) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
  })

  it('finds the same ones again', async () => {
    const before = readFileSync(identities.files.csrfKey, 'utf8')
    expect(await createDevelopmentIdentities(directory)).toEqual(identities)
    expect(readFileSync(identities.files.csrfKey, 'utf8')).toBe(before)
  })

  it('starts over when an earlier call was cut short', async () => {
    rmSync(join(directory, 'identities', 'secrets.json'))
    const again = await createDevelopmentIdentities(directory)
    expect(again.accounts[0]?.password).not.toBe(identities.accounts[0]?.password)
    const { accounts } = read(again.files.accounts) as { accounts: { password_hash: string }[] }
    expect(await verifyPassword(accounts[0]?.password_hash ?? '', again.accounts[0]?.password ?? '')).toBe(
      true,
    )
  })
})
