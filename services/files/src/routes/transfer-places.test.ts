import { get, type IncomingMessage } from 'node:http'

import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { file, putInto, refusalOf, setStage, type Stage } from '../../test/stage.ts'

const OF_A_SESSION = 64
const OF_AN_ADDRESS = 256

let stage: Stage
let authority: PromiseWithResolvers<'redeemed'>
beforeEach(async () => {
  stage = await setStage()
  await putInto(stage.store, 'x')
  authority = Promise.withResolvers()
  stage.desk.answer = () => authority.promise
})
afterEach(() => stage[Symbol.asyncDispose]())

/** A download that waits for the authority, and so keeps its place. */
function begin(session: number, localAddress = '127.0.0.1'): Promise<IncomingMessage> {
  const claim = stage.desk.claim({ op: 'download', file }, String(session).padStart(22, 'S'))
  const headers = { authorization: `Bearer ${claim}` }
  return new Promise((resolve, reject) => {
    get(`${stage.url}/files/${file}`, { agent: false, headers, localAddress }, resolve).on('error', reject)
  })
}

const beginMany = (count: number, of: (n: number) => Promise<IncomingMessage>) =>
  Array.from({ length: count }, (_, n) => of(n))
const held = (count: number) => vi.waitFor(() => expect(stage.desk.asked).toHaveLength(count), 20_000)

async function refusal(asking: Promise<IncomingMessage>): Promise<string> {
  const response = await asking
  const { statusCode: status, headers } = response
  const body = (await response.toArray()).join('')
  expect(headers['retry-after']).toBe('1')
  return refusalOf(new Response(body, { status: status ?? 0, headers: headers as Record<string, string> }))
}

it('a session has so many places for transfers, and a transfer that finds none costs no claim', async () => {
  const downloads = beginMany(OF_A_SESSION, () => begin(1))
  await held(OF_A_SESSION)
  expect(await refusal(begin(1))).toBe('429 too-many-requests')
  const upload = stage.desk.claim({ op: 'upload', file: 'Z'.repeat(22) as never }, '1'.padStart(22, 'S'))
  const put = await fetch(`${stage.url}/files/${'Z'.repeat(22)}`, {
    method: 'PUT',
    body: 'x',
    headers: { authorization: `Bearer ${upload}` },
  })
  expect(await refusalOf(put)).toBe('429 too-many-requests')
  expect(stage.desk.asked).toHaveLength(OF_A_SESSION)

  const other = begin(2)
  await held(OF_A_SESSION + 1)
  authority.resolve('redeemed')
  for (const response of await Promise.all([...downloads, other])) {
    expect(response.statusCode).toBe(200)
    response.resume()
  }
  await vi.waitFor(async () => expect((await begin(1)).resume().statusCode).toBe(200))
})

it('an address has half of all places, a caller that has gone has none, and beyond all of them nobody', async () => {
  const downloads = ['127.0.0.1', '127.0.0.2'].flatMap((address, index) =>
    beginMany(OF_AN_ADDRESS, (n) => begin(index * OF_AN_ADDRESS + n, address)),
  )
  await held(2 * OF_AN_ADDRESS)
  expect(await refusal(begin(1_000, '127.0.0.3'))).toBe('503 unavailable')
  authority.resolve('redeemed')
  for (const response of await Promise.all(downloads)) response.destroy()

  authority = Promise.withResolvers()
  stage.desk.asked.length = 0
  const again = beginMany(OF_AN_ADDRESS, (n) => begin(n))
  await held(OF_AN_ADDRESS)
  expect(await refusal(begin(1_000))).toBe('429 too-many-requests')
  authority.resolve('redeemed')
  for (const response of await Promise.all(again)) response.destroy()
})
