import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, describe, expect, it } from 'vitest'

import { readAccounts } from './accounts-file.ts'

const directory = mkdtempSync(join(tmpdir(), 'curfew-accounts-'))
afterAll(() => rmSync(directory, { recursive: true }))

const password_hash = '$argon2id$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2g'
const alice = { tenant: 'acme', username: 'alice', password_hash }

function fileOf(content: unknown): string {
  const path = join(directory, 'accounts.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

async function faultsOf(content: unknown): Promise<string> {
  const outcome = await readAccounts(fileOf(content)).catch((error: unknown) => error)
  return outcome instanceof Error ? outcome.message : 'no fault'
}

describe('the accounts file', () => {
  it('tells accounts apart by tenant and name', async () => {
    const accounts = await readAccounts(fileOf({ accounts: [alice, { ...alice, tenant: 'globex' }] }))
    expect(accounts.find('acme', 'alice')).toEqual({
      tenant: 'acme',
      user: 'alice',
      passwordHash: password_hash,
    })
    expect(accounts.find('globex', 'alice')?.tenant).toBe('globex')
  })

  it.each([
    ['acme', 'bob'],
    ['ACME', 'alice'],
    ['acme', 'alice\0'],
    ['', 'acme/alice'],
    ['acme/alice', ''],
    ['__proto__', 'constructor'],
  ])('knows nobody called %j %j', async (tenant, username) => {
    const accounts = await readAccounts(fileOf({ accounts: [alice] }))
    expect(accounts.find(tenant, username)).toBeUndefined()
  })

  it('names every faulty entry at once, and no hash', async () => {
    const faults = await faultsOf({
      accounts: [
        alice,
        alice,
        { ...alice, username: '../b' },
        { tenant: 'acme', username: 'carol' },
        { ...alice, username: 'dave', password_hash: 'secret-in-plain' },
        { ...alice, username: 'eve', admin: true },
        'frank',
      ],
    })
    expect(faults.split('\n')).toHaveLength(6)
    for (const name of [
      'accounts[1] (acme/alice)',
      'accounts[2]',
      'acme/carol',
      'acme/dave',
      'acme/eve',
      'accounts[6]',
    ])
      expect(faults).toContain(name)
    expect(faults).not.toContain('secret-in-plain')
    expect(faults).not.toContain('argon2id$v')
  })

  it.each(['', '{', '[]', '{}', '{"accounts":{}}', '{"accounts":[],"extra":1}'])(
    'is not %j',
    async (content) => expect(await faultsOf(content)).toContain('GATEWAY_ACCOUNTS_FILE'),
  )

  it('must be there', async () => {
    await expect(readAccounts(join(directory, 'missing.json'))).rejects.toThrow('cannot be read')
  })
})
