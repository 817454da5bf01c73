/**
 * ⑦ Long downloads over the whole system: what breaks off goes on, what has lost its grounds is cut.
 */
import { createHash, randomBytes } from 'node:crypto'
import { Agent, get, type IncomingMessage } from 'node:http'

import { expectProblem, startTestSystem, type BearerClient, type TestSystem } from '@curfew/test-kit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { askForDownload, storeDocument, type Transfer } from './documents.ts'

const BYTES = randomBytes(100 * 1024 * 1024)

let system: TestSystem
let alice: BearerClient
let id: string

beforeAll(async () => {
  system = await startTestSystem()
  alice = await system.login('alice')
  id = await storeDocument(alice, BYTES)
})
afterAll(async () => system[Symbol.asyncDispose]())

function begin({ url, claim }: Transfer, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const agent = new Agent({ keepAlive: true })
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${claim}`, ...headers } }, resolve).on(
      'error',
      reject,
    )
  })
}

/** Takes so many bytes and leaves. */
async function takeSome(response: IncomingMessage, bytes: number): Promise<Buffer> {
  const taken: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    taken.push(chunk)
    length += chunk.length
    if (length >= bytes) break
  }
  return Buffer.concat(taken)
}

it('a download that breaks off again and again comes whole, under one claim', async () => {
  const transfer = await askForDownload(alice, id)
  let got: Buffer = Buffer.alloc(0)
  let etag = ''
  while (got.length < BYTES.length) {
    const headers = got.length === 0 ? {} : { range: `bytes=${got.length}-`, 'if-range': etag }
    const response = await begin(transfer, headers)
    if (response.statusCode === 409) {
      // The authority has not heard yet that the line broke.
      expect(response.headers['retry-after']).toBe('1')
      response.resume()
      continue
    }
    expect(response.statusCode).toBe(got.length === 0 ? 200 : 206)
    etag = String(response.headers.etag)
    got = Buffer.concat([got, await takeSome(response, 35_000_000)])
  }
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  expect(digest(got)).toBe(digest(BYTES))
  const again = await fetch(transfer.url, {
    headers: { authorization: `Bearer ${transfer.claim}`, range: 'bytes=0-9' },
  })
  await expectProblem(again, 409, 'claim-spent')
})

it('a part that was delivered is not delivered again, and the rest is', async () => {
  const transfer = await askForDownload(alice, id)
  const part = async (range: string): Promise<Response> =>
    fetch(transfer.url, { headers: { authorization: `Bearer ${transfer.claim}`, range } })
  const first = await part('bytes=0-999999')
  expect(Buffer.from(await first.arrayBuffer()).equals(BYTES.subarray(0, 1_000_000))).toBe(true)
  await expect.poll(async () => (await part('bytes=0-0')).headers.get('retry-after')).toBe(null)
  await expectProblem(await part('bytes=999999-999999'), 409, 'claim-spent')
  const second = await part('bytes=1000000-1999999')
  expect(Buffer.from(await second.arrayBuffer()).equals(BYTES.subarray(1_000_000, 2_000_000))).toBe(true)
})

it('a download is cut when its session ends, and the claim is dead', async () => {
  const caller = await system.login('alice')
  const transfer = await askForDownload(caller, id)
  const response = await begin(transfer)
  let length = 0
  const taking = (async () => {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      if (length === 0) expect((await caller.post('/logout')).status).toBe(204)
      length += chunk.length
      // Slowly enough that the session is over before the file is.
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  await expect(taking).rejects.toThrow(/aborted|ECONNRESET/)
  expect(length).toBeLessThan(BYTES.length)
  const resumed = fetch(transfer.url, {
    headers: { authorization: `Bearer ${transfer.claim}`, range: `bytes=${length}-` },
  })
  await expectProblem(await resumed, 403, 'claim-withdrawn')
})

it('a claim falls with the permission that it stands on', async () => {
  const transfer = await askForDownload(alice, id)
  const operator = (await system.login('operator')).at(system.services.session.url)
  const before = await operator.get('/v1/subjects/acme/alice/grants')
  const grants = (await before.json()) as { roles: string[]; permissions: string[] }
  const put = (roles: string[]) =>
    operator.put('/v1/subjects/acme/alice/grants', { roles, permissions: grants.permissions })
  expect((await put([])).ok).toBe(true)
  const refused = await fetch(transfer.url, { headers: { authorization: `Bearer ${transfer.claim}` } })
  await expectProblem(refused, 403, 'claim-withdrawn')
  expect((await put(grants.roles)).ok).toBe(true)
})
