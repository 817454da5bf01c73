import { Agent, get, type IncomingMessage } from 'node:http'
import { createHash } from 'node:crypto'
import { connect } from 'node:net'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { file, putInto, refusalOf, setStage, type Stage } from '../../test/stage.ts'

const SIZE = 64 * 1024 * 1024
const SMALL = 'Hello, file service!'

let stage: Stage
beforeEach(async () => {
  stage = await setStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const download = (changes: object = {}): string => stage.desk.claim({ op: 'download', file, ...changes })
const etagOf = async (): Promise<string> =>
  String((await stage.request('HEAD', download())).headers.get('etag'))

/** A caller whose connection is its own. */
function begin(headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const all = { authorization: `Bearer ${download()}`, ...headers }
    get(`${stage.url}/files/${file}`, { agent: new Agent({ keepAlive: true }), headers: all }, resolve).on(
      'error',
      reject,
    )
  })
}

describe('a part', () => {
  it.each([
    ['bytes=0-0', 'H'],
    ['bytes=-8', 'service!'],
    ['bytes=7-10', 'file'],
  ])('%s is sent as such, with the digest of the whole', async (range, text) => {
    await putInto(stage.store, SMALL)
    const response = await stage.request('GET', download(), { headers: { range } })
    expect(response.status).toBe(206)
    expect(await response.text()).toBe(text)
    const start = SMALL.indexOf(text)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-range': `bytes ${start}-${start + text.length - 1}/${SMALL.length}`,
      'content-length': String(text.length),
      'repr-digest': `sha-256=:${createHash('sha256').update(SMALL).digest('base64')}:`,
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
    })
    expect(stage.desk.deliveries).toMatchObject([{ from: start }])
  })

  it('outside of the file costs nothing and tells the size', async () => {
    await putInto(stage.store, SMALL)
    const response = await stage.request('GET', download(), { headers: { range: 'bytes=20-' } })
    expect(response.headers.get('content-range')).toBe('bytes */20')
    expect(await refusalOf(response)).toBe('416 range-not-satisfiable')
    expect(stage.desk.asked).toEqual([])
  })

  it('of an empty file cannot be had from a first byte on; its last bytes are all of it', async () => {
    await putInto(stage.store, '')
    for (const range of ['bytes=0-', 'bytes=-0', 'bytes=0-0']) {
      const outside = await stage.request('GET', download(), { headers: { range } })
      expect(outside.headers.get('content-range')).toBe('bytes */0')
      expect(await refusalOf(outside)).toBe('416 range-not-satisfiable')
    }
    expect(stage.desk.asked).toEqual([])
    const last = await stage.request('GET', download(), { headers: { range: 'bytes=-5' } })
    expect([last.status, await last.text(), last.headers.get('content-length')]).toEqual([200, '', '0'])
  })

  it('of another version is never sent: its caller gets the whole', async () => {
    await putInto(stage.store, SMALL)
    const headers = { range: 'bytes=7-10', 'if-range': '"another"' }
    const response = await stage.request('GET', download(), { headers })
    expect([response.status, await response.text()]).toEqual([200, SMALL])
    const same = await stage.request('GET', download(), {
      headers: { ...headers, 'if-range': await etagOf() },
    })
    expect([same.status, await same.text()]).toEqual([206, 'file'])
  })

  it('is not asked for by HEAD', async () => {
    await putInto(stage.store, SMALL)
    const response = await stage.request('HEAD', download(), { headers: { range: 'bytes=0-0' } })
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '20'])
  })
})

describe('for nothing', () => {
  it('is heard that nothing has changed, by who holds a claim', async () => {
    await putInto(stage.store, SMALL)
    const headers = { 'if-none-match': await etagOf() }
    const response = await stage.request('GET', download(), { headers })
    expect([response.status, await response.text(), response.headers.get('etag')]).toEqual([
      304,
      '',
      headers['if-none-match'],
    ])
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await refusalOf(await stage.request('GET', undefined, { headers }))).toBe('401 claim-invalid')
    expect(stage.desk.asked).toEqual([])
  })

  it('is heard that a precondition fails, whatever the method', async () => {
    await putInto(stage.store, SMALL)
    const etag = await etagOf()
    const asForm = (headers: Record<string, string>): Promise<Response> =>
      stage.request('POST', undefined, { body: new URLSearchParams({ claim: download() }), headers })
    const asGet = (headers: Record<string, string>) => stage.request('GET', download(), { headers })
    const asHead = (headers: Record<string, string>) => stage.request('HEAD', download(), { headers })
    for (const ifMatch of ['"other"', `W/${etag}`, '']) {
      for (const ask of [asGet, asForm])
        expect(await refusalOf(await ask({ 'if-match': ifMatch }))).toBe('412 precondition-failed')
      expect((await asHead({ 'if-match': ifMatch })).status).toBe(412)
    }
    expect((await asHead({ 'if-none-match': etag })).status).toBe(304)
    expect(await refusalOf(await asForm({ 'if-none-match': etag }))).toBe('412 precondition-failed')
    expect(stage.desk.asked).toEqual([])
    // If-Match comes before If-None-Match and before the range.
    expect((await asGet({ 'if-match': etag, range: 'bytes=0-0' })).status).toBe(206)
  })

  it('is heard nothing of dates: there is none here to compare them with', async () => {
    await putInto(stage.store, SMALL)
    const [past, future] = ['Sun, 06 Nov 1994 08:49:37 GMT', 'Fri, 06 Nov 2099 08:49:37 GMT']
    for (const headers of [{ 'if-unmodified-since': past }, { 'if-modified-since': future }]) {
      const response = await stage.request('GET', download(), { headers })
      expect([response.status, await response.text()]).toEqual([200, SMALL])
      expect(response.headers.has('last-modified')).toBe(false)
    }
  })

  it.each([{ 'sec-purpose': 'prefetch;prerender' }, { purpose: 'prefetch' }, { 'x-moz': 'prefetch' }])(
    'a browser asks in advance, and is refused: %o',
    async (headers) => {
      await putInto(stage.store, SMALL)
      const claim = download()
      expect(await refusalOf(await stage.request('GET', claim, { headers }))).toBe('403 prefetch-refused')
      expect(stage.desk.asked).toEqual([])
      expect(await (await stage.request('GET', claim)).text()).toBe(SMALL)
    },
  )
})

describe('the authority is told', () => {
  const released = () =>
    vi.waitFor(() => {
      expect(stage.desk.released).toHaveLength(1)
      return stage.desk.released[0]
    })

  it('that all is done, when the caller closes in order', async () => {
    await putInto(stage.store, SMALL)
    const response = await begin({ connection: 'close' })
    response.resume()
    const [delivery] = stage.desk.deliveries
    expect(await released()).toEqual({ delivery: delivery?.id, reached: 20, end: 'done' })
    expect(delivery?.id).toMatch(/^[\w-]{22}$/)
  })

  it('that all is done, when the caller asks for something else on the same line', async () => {
    await putInto(stage.store, SMALL)
    await (await stage.request('GET', download())).text()
    // Which line a request takes is the client's choice.
    await vi.waitFor(async () => {
      await (await stage.request('HEAD', download())).text()
      expect(stage.desk.released).toMatchObject([{ reached: 20, end: 'done' }])
    })
  })

  it('that a part is done, within seconds, on a line that the caller keeps open and idle', async () => {
    await putInto(stage.store, SMALL)
    const response = await begin({ range: 'bytes=0-4' })
    const { socket } = response
    response.resume()
    await vi.waitFor(() => expect(stage.desk.released).toMatchObject([{ reached: 5, end: 'part' }]), {
      timeout: 5_000,
    })
    expect(socket.destroyed).toBe(false)
    socket.destroy()
  })

  it('that a part is done', async () => {
    await putInto(stage.store, SMALL)
    const response = await begin({ range: 'bytes=0-4', connection: 'close' })
    response.resume()
    expect(await released()).toMatchObject({ reached: 5, end: 'part' })
  })

  it('how far it came, when the caller leaves in the middle', async () => {
    await putInto(stage.store, Buffer.alloc(SIZE, 7))
    const response = await begin()
    let taken = 0
    for await (const chunk of response) {
      taken += (chunk as Buffer).length
      if (taken > 5_000_000) break
    }
    const { reached, end } = (await released()) ?? { reached: -1, end: 'none' }
    expect(end).toBe('broken')
    expect(reached).toBeGreaterThanOrEqual(taken)
    expect(reached).toBeLessThan(SIZE)
    expect(stage.desk.watching.size).toBe(0)
  })

  it('that it broke, when the last byte had left and the caller had not taken it', async () => {
    const size = 2_000_000
    await putInto(stage.store, Buffer.alloc(size, 7))
    const response = await begin()
    await vi.waitFor(() => expect(stage.desk.watching.size).toBe(0))
    response.on('error', () => undefined)
    response.socket.resetAndDestroy()
    expect(await released()).toMatchObject({ end: 'broken' })
  })
})

it('a delivery that waits behind another one on its line is not said to have broken', async () => {
  await putInto(stage.store, Buffer.alloc(SIZE, 7))
  const line = connect(Number(new URL(stage.url).port), '127.0.0.1')
  for (const range of ['bytes=0-', 'bytes=0-9'])
    line.write(
      `GET /files/${file} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${download()}\r\nrange: ${range}\r\n\r\n`,
    )
  await vi.waitFor(() => expect(stage.desk.deliveries).not.toEqual([]))
  // The authority would give away the claim of the second one, which has yet to be served.
  await expect(vi.waitUntil(() => stage.desk.released.length > 0, 500)).rejects.toThrow('Timed out')
  line.destroy()
  await vi.waitFor(() => expect(stage.desk.released).toMatchObject([{ end: 'broken' }]))
  expect(stage.desk.deliveries).toHaveLength(1)
})

describe('a long delivery', () => {
  it('is cut when its session is over, and nobody takes it for the whole', async () => {
    await putInto(stage.store, Buffer.alloc(SIZE, 7))
    const response = await begin()
    const [end] = stage.desk.watching
    expect(end).toBeDefined()
    const taking = (async () => {
      let bytes = 0
      for await (const chunk of response) {
        bytes += (chunk as Buffer).length
        end?.()
      }
      return bytes
    })()
    await expect(taking).rejects.toThrow(/aborted|ECONNRESET/)
    await vi.waitFor(() => expect(stage.desk.released).toMatchObject([{ end: 'broken' }]))
  })

  it('is not watched when it is over', async () => {
    await putInto(stage.store, Buffer.alloc(1_000_000))
    await (await stage.request('GET', download())).arrayBuffer()
    await vi.waitFor(() => expect(stage.desk.watching.size).toBe(0))
  })

  it('is told from a short one, which is on its way at once', async () => {
    await putInto(stage.store, Buffer.alloc(64 * 1024))
    const response = await begin()
    expect(stage.desk.watching.size).toBe(0)
    response.destroy()
  })
})

it('who comes while another is served may come again', async () => {
  await putInto(stage.store, SMALL)
  stage.desk.answer = () => 'under-way'
  const response = await stage.request('GET', download())
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await refusalOf(response)).toBe('409 claim-spent')
})
