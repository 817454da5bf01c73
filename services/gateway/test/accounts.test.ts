import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { ACCOUNTS_BUCKET } from '@curfew/contracts'
import { connectMessaging } from '@curfew/messaging'
import { HttpClient, expectProblem } from '@curfew/test-kit'
import { Kvm, type KV } from '@nats-io/kv'
import { argon2id, hash } from 'argon2'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { openBrowser, setEdgeStage, type EdgeStage, type Replica } from './edge-stage.ts'
import { eventually } from './eventually.ts'

let stage: EdgeStage
let one: Replica
beforeAll(async () => {
  stage = await setEdgeStage()
  one = await stage.start()
})
afterAll(() => stage[Symbol.asyncDispose]())

const alice = (password: string) => ({ ...stage.credentials('alice'), password })
const statusOf = async (url: string, password: string): Promise<number> =>
  (await new HttpClient(url).post('/login', { ...alice(password), client: 'api' })).status

async function change(url: string, current_password: string, new_password: string): Promise<void> {
  const browser = await openBrowser(url, alice(current_password))
  expect((await browser.post('/session/password', { current_password, new_password })).status).toBe(200)
}

describe('the file of accounts', () => {
  it('wins over a changed password once the operator has written another into it', async () => {
    const mine = 'what alice has chosen herself'
    await change(one.url, stage.credentials('alice').password, mine)
    const reset = 'what the operator has set anew'
    const content = JSON.parse(await readFile(stage.identities.files.accounts, 'utf8')) as {
      accounts: { username: string; password_hash: string }[]
    }
    const accountsFile = `${stage.identities.files.accounts}.edited`
    for (const account of content.accounts)
      if (account.username === 'alice') account.password_hash = await hash(reset, { type: argon2id })
    await writeFile(accountsFile, JSON.stringify(content))
    const edited = await stage.start({ accountsFile })
    expect([await statusOf(edited.url, reset), await statusOf(edited.url, mine)]).toEqual([200, 401])
    // Changed again: that holds, also where the older file is still in use.
    const again = 'what alice has chosen after that'
    await change(edited.url, reset, again)
    expect([await statusOf(edited.url, again), await statusOf(one.url, again)]).toEqual([200, 200])
    expect([await statusOf(edited.url, reset), await statusOf(one.url, mine)]).toEqual([401, 401])
    await edited.close()
  })

  it('with a hash that is cheaper than today’s is replaced at the next login', async () => {
    const password = 'hashed long ago and cheaply'
    const password_hash = await hash(password, {
      type: argon2id,
      memoryCost: 1_024,
      timeCost: 2,
      parallelism: 1,
    })
    const accountsFile = `${stage.identities.files.accounts}.cheap`
    const account = { tenant: 'acme', username: 'dora', password_hash }
    await writeFile(accountsFile, JSON.stringify({ accounts: [account] }))
    const cheap = await stage.start({ accountsFile })
    const dora = { tenant: 'acme', username: 'dora', password }
    const login = (secret: string) => new HttpClient(cheap.url).post('/login', { ...dora, password: secret })
    expect((await login('wrong')).status).toBe(401)
    expect(stage.log.join('')).not.toContain('password.renewed')
    expect((await login(password)).status).toBe(200)
    await eventually(() => expect(stage.log.join('')).toContain('password.renewed'))
    expect((await login(password)).status).toBe(200)
    expect((await login('wrong')).status).toBe(401)
    expect(stage.log.join('').match(/password\.renewed/g)).toHaveLength(1)
    await cheap.close()
  })
})

describe('changed passwords in the account of the log, where they were before the gateway had its own', () => {
  it('are moved by one command, which keeps what has been changed again since and may be run again', async () => {
    const bob = (password: string) => ({ ...stage.credentials('bob'), password, client: 'api' })
    const login = async (password: string): Promise<number> =>
      (await new HttpClient(one.url).post('/login', bob(password))).status
    const [first, chosen] = [stage.credentials('bob').password, 'what bob has chosen before the update']
    const browser = await openBrowser(one.url, stage.credentials('bob'))
    const body = { current_password: first, new_password: chosen }
    expect((await browser.post('/session/password', body)).status).toBe(200)
    // As it was then: everything in the other account, some of it changed since.
    const admin = await connectMessaging({ url: stage.servers.natsUrl('admin'), name: 'test-admin' })
    const former = await new Kvm(admin).create(ACCOUNTS_BUCKET, { history: 1, allow_direct: false })
    const before = await recordsIn(stage.bucket)
    for (const [key, value] of before) await former.put(key, value)
    const newer = 'changed again since'
    await former.put('newer', 'from before the update')
    await stage.bucket.destroy()
    await (await stage.start()).close()
    await stage.bucket.put('newer', newer)
    expect([await login(chosen), await login(first)]).toEqual([401, 200])

    expect(await movePasswords()).toBe(
      `changed passwords moved: ${before.size}; changed again since and kept: 1\n`,
    )
    expect([await login(chosen), await login(first)]).toEqual([200, 401])
    expect(await recordsIn(stage.bucket)).toEqual(new Map([...before, ['newer', newer]]))
    await expect(former.status()).rejects.toThrow(/stream not found/)
    expect(await movePasswords()).toBe('nothing to move\n')
    await admin.close()
  })

  it('are left alone where both users are of one account', async () => {
    const { size } = await recordsIn(stage.bucket)
    const [admin, own] = [stage.servers.natsUrl('admin'), stage.servers.natsUrl('gateway_admin')]
    expect(await movePasswords({ CURFEW_NATS_URL: own, CURFEW_NATS_ADMIN_URL: own })).toBe(
      'nothing to move\n',
    )
    expect((await recordsIn(stage.bucket)).size).toBe(size)

    const nc = await connectMessaging({ url: admin, name: 'test-admin' })
    const former = await new Kvm(nc).create(ACCOUNTS_BUCKET)
    await former.put('kept', 'changed')
    const moving = movePasswords({ CURFEW_NATS_URL: admin, CURFEW_NATS_ADMIN_URL: admin })
    await expect(moving).rejects.toThrow(/of the same account/)
    expect(await recordsIn(former)).toEqual(new Map([['kept', 'changed']]))
    await former.destroy()
    await nc.close()
  })

  async function recordsIn(bucket: KV): Promise<Map<string, string>> {
    const records = new Map<string, string>()
    for await (const entry of await bucket.history()) records.set(entry.key, entry.string())
    return records
  }

  async function movePasswords(urls: Readonly<Record<string, string>> = {}): Promise<string> {
    const command = fileURLToPath(new URL('../src/move-passwords.ts', import.meta.url))
    const usual = {
      CURFEW_NATS_URL: stage.servers.natsUrl('gateway'),
      CURFEW_NATS_ADMIN_URL: stage.servers.natsUrl('admin'),
    }
    return (await promisify(execFile)(process.execPath, [command], { env: { ...usual, ...urls } })).stdout
  }
})

it('a login is 503 while the bucket cannot be read, for everybody alike: never right and never wrong', async () => {
  await stage.bucket.destroy()
  for (const username of ['bob', 'nobody'])
    for (const password of [stage.credentials('bob').password, 'wrong']) {
      const response = await new HttpClient(one.url).post('/login', { tenant: 'acme', username, password })
      await expectProblem(response, 503, 'unavailable')
      expect(response.headers.getSetCookie()).toEqual([])
    }
})
