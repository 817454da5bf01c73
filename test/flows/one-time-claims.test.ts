/**
 * ⑥ ⑦ One claim, one transfer: up, down, and everything that must not work.
 */
import type { BearerClient } from '@curfew/test-kit'
import { expectProblem, startTestSystem, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { askForDownload, createDocument, download, storeDocument, upload } from './documents.ts'

let system: TestSystem
let alice: BearerClient

beforeAll(async () => {
  system = await startTestSystem({ env: { documents: { DOCUMENTS_CLAIM_LIFETIME_SECONDS: '60' } } })
  alice = await system.login('alice')
})
afterAll(async () => system[Symbol.asyncDispose]())

describe('a claim', () => {
  it('brings the very bytes that were stored, once', async () => {
    const id = await storeDocument(alice, 'Grüße, file service!')
    const transfer = await askForDownload(alice, id)
    const response = await download(transfer)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('Grüße, file service!')
    expect(response.headers.get('content-disposition')).toContain('attachment')
    await expectProblem(await download(transfer), 409, 'claim-spent')
  })

  it('works as a form field too, as a plain page would send it', async () => {
    const { url, claim } = await askForDownload(alice, await storeDocument(alice, 'form'))
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ claim }) })
    expect(await response.text()).toBe('form')
  })

  it('is spent by exactly one of sixty who try at once', async () => {
    const transfer = await askForDownload(alice, await storeDocument(alice, 'race'))
    const responses = await Promise.all(Array.from({ length: 60 }, () => download(transfer)))
    const statuses = responses.map(({ status }) => status)
    await Promise.all(responses.map((response) => response.arrayBuffer()))
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(statuses.filter((status) => status === 409)).toHaveLength(59)
  })

  it('is not spent by looking: HEAD is free', async () => {
    const transfer = await askForDownload(alice, await storeDocument(alice, 'look'))
    for (let round = 0; round < 3; round += 1) {
      const head = await fetch(transfer.url, {
        method: 'HEAD',
        headers: { authorization: `Bearer ${transfer.claim}` },
      })
      expect(head.status).toBe(200)
      expect(head.headers.get('content-length')).toBe('4')
    }
    expect(await (await download(transfer)).text()).toBe('look')
  })

  it('opens no other file, and no other act', async () => {
    const [mine, other] = [await storeDocument(alice, 'mine'), await storeDocument(alice, 'other')]
    const transfer = await askForDownload(alice, mine)
    const { url } = await askForDownload(alice, other)
    await expectProblem(await download({ ...transfer, url }), 403, 'claim-mismatch')
    await expectProblem(await upload(transfer, 'overwritten'), 403, 'claim-mismatch')
    expect(await (await download(transfer)).text()).toBe('mine')
  })

  it('for an upload is spent by it, and what is stored is not overwritten', async () => {
    const { document, upload: transfer } = await createDocument(alice)
    expect((await upload(transfer, 'first')).ok).toBe(true)
    const again = await upload(transfer, 'second')
    expect(again.status).toBe(409)
    expect(await (await download(await askForDownload(alice, document.id))).text()).toBe('first')
  })

  it('dies with the session behind it', async () => {
    const caller = await system.login('alice')
    const transfer = await askForDownload(caller, await storeDocument(caller, 'withdrawn'))
    await caller.post('/logout')
    await expectProblem(await download(transfer), 403, 'claim-withdrawn')
  })

  it('cannot be replaced by anything else: no session token, no relay token, no claim of one’s own making', async () => {
    const { url, claim } = await askForDownload(alice, await storeDocument(alice, 'guarded'))
    const [header = '', payload = '', signature = ''] = claim.split('.')
    const none = Buffer.from('{"alg":"none","typ":"file-claim+jwt"}').toString('base64url')
    const flipped = signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
    for (const forged of [
      alice.token,
      `${none}.${payload}.`,
      `${header}.${payload}.${flipped}`,
      'x.y.z',
      '',
    ]) {
      await expectProblem(
        await download({ url, claim: forged, method: 'GET', expires_at: '' }),
        401,
        'claim-invalid',
      )
    }
    expect(await (await download({ url, claim, method: 'GET', expires_at: '' })).text()).toBe('guarded')
  })

  it('in a URL is refused, since URLs end up in logs', async () => {
    const { url, claim } = await askForDownload(alice, await storeDocument(alice, 'url'))
    const response = await fetch(`${url}?claim=${claim}`)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(response.status).toBeLessThan(500)
    expect(await (await download({ url, claim, method: 'GET', expires_at: '' })).text()).toBe('url')
  })
})

describe('a claim that has expired', () => {
  it('is refused', async () => {
    await using short = await startTestSystem({
      env: { documents: { DOCUMENTS_CLAIM_LIFETIME_SECONDS: '1' } },
    })
    const caller = await short.login('alice')
    const transfer = await askForDownload(caller, await storeDocument(caller, 'late'))
    const expiresAt = Date.parse(transfer.expires_at)
    await expect.poll(() => Date.now(), { timeout: 20_000 }).toBeGreaterThan(expiresAt + 6_000)
    await expectProblem(await download(transfer), 401, 'claim-invalid')
  })
})
