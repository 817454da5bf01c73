import { readFile, writeFile } from 'node:fs/promises'

import { HttpClient, expectProblem } from '@curfew/test-kit'
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

it('a login is 503 while the bucket cannot be read, for everybody alike: never right and never wrong', async () => {
  await stage.bucket.destroy()
  for (const username of ['bob', 'nobody'])
    for (const password of [stage.credentials('bob').password, 'wrong']) {
      const response = await new HttpClient(one.url).post('/login', { tenant: 'acme', username, password })
      await expectProblem(response, 503, 'unavailable')
      expect(response.headers.getSetCookie()).toEqual([])
    }
})
