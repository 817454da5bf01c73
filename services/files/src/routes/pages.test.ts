import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { file, putInto, refusalOf, setStage, type Stage } from '../../test/stage.ts'

const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }
const PAGE = 'https://app.example'

let stage: Stage
beforeEach(async () => {
  stage = await setStage({ allowClaimInUrl: true, corsOrigins: [PAGE] })
  await putInto(stage.store, 'once')
})
afterEach(() => stage[Symbol.asyncDispose]())

const download = (changes: object = {}): string => stage.desk.claim({ op: 'download', file, ...changes })
const form = (claim: string, headers: Record<string, string> = BROWSER): Promise<Response> =>
  stage.request('POST', undefined, { body: new URLSearchParams({ claim }), headers })
const link = (claim: string, headers: Record<string, string> = BROWSER): Promise<Response> =>
  fetch(`${stage.url}/files/${file}?claim=${claim}`, { headers })

async function pageOf(response: Response): Promise<string> {
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('vary')).toBe('Origin, Accept')
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-/)
  expect(response.headers.get('content-length')).toMatch(/^\d+$/)
  return response.text()
}

describe('a browser whose form is refused', () => {
  it.each([
    ['spent', 409, 'This link has been used'],
    ['withdrawn', 403, 'This link has been withdrawn'],
    ['under-way', 409, 'This link is in use'],
  ] as const)('is told in words that the claim is %s', async (answer, status, title) => {
    stage.desk.answer = () => answer
    const response = await form(download())
    expect(response.status).toBe(status)
    expect(await pageOf(response)).toContain(`<h1>${title}</h1>`)
  })

  it('is told in words what else is wrong', async () => {
    expect(await pageOf(await form(stage.desk.bad('expired')))).toContain('This link is not valid any more')
    expect(await pageOf(await form(stage.desk.bad('unavailable')))).toContain(
      'This is not possible right now',
    )
    expect(await pageOf(await form(stage.desk.claim({ op: 'delete', file })))).toContain('for something else')
  })

  it('is a program when it says so: scripts read problems', async () => {
    stage.desk.answer = () => 'spent'
    for (const accept of ['application/json', '*/*', 'application/problem+json, text/html'])
      expect(await refusalOf(await form(download(), { accept }))).toBe('409 claim-spent')
    const put = await stage.request('PUT', download(), { headers: BROWSER, body: 'x' })
    expect(await refusalOf(put)).toBe('403 claim-mismatch')
  })
})

describe('a claim in a link', () => {
  it('offers the file to a person, and costs nothing until the button is pressed', async () => {
    const claim = download({ name: '<script>"&.txt' })
    for (let looks = 0; looks < 3; looks += 1) {
      const html = await pageOf(await link(claim))
      expect(html).toContain(`<input type="hidden" name="claim" value="${claim}">`)
      expect(html).toContain('“&lt;script&gt;&quot;&amp;.txt”')
    }
    expect(stage.desk.asked).toEqual([])
    expect(await (await form(claim)).text()).toBe('once')
    expect(stage.desk.asked).toHaveLength(1)
  })

  it.each([
    ['a scanner of mail', { 'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)' }],
    ['a preview in a chat', { 'user-agent': 'WhatsApp/2.23.20.0', accept: '*/*' }],
    ['a program', { accept: '*/*', 'user-agent': 'Wget/1.21' }],
    ['a program that wants a part', { range: 'bytes=0-1' }],
    ['a page’s own script', { accept: '*/*', 'sec-fetch-mode': 'cors', origin: PAGE }],
  ])('is not spent by %s, which is told how to get the file', async (_, headers) => {
    const claim = download()
    const response = await link(claim, headers)
    const { detail } = (await response.clone().json()) as { detail: string }
    expect(await refusalOf(response)).toBe('403 prefetch-refused')
    expect(detail).toBe('send the claim as a form field or a bearer token')
    expect(stage.desk.asked).toEqual([])
    expect(await (await form(claim, { accept: '*/*' })).text()).toBe('once')
  })

  it('is refused alike whether it is good or bad, unless it is opened as a page', async () => {
    const bad = await link(stage.desk.bad('expired'), { accept: '*/*' })
    expect(await refusalOf(bad)).toBe('403 prefetch-refused')
  })

  it('is looked at by HEAD for free', async () => {
    const response = await fetch(`${stage.url}/files/${file}?claim=${download()}`, { method: 'HEAD' })
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '4'])
    expect(stage.desk.asked).toEqual([])
  })

  it('is refused to a person as in a form', async () => {
    expect(await pageOf(await link(stage.desk.bad('expired')))).toContain('This link is not valid any more')
  })
})

describe('a question beforehand', () => {
  const ask = (origin: string, method = 'PUT'): Promise<Response> =>
    stage.request('OPTIONS', undefined, {
      headers: { origin, 'access-control-request-method': method },
    })

  it('is answered to pages of the origins that are named, and costs nothing', async () => {
    const response = await ask(PAGE)
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET, HEAD, POST, PUT',
      vary: 'Origin',
    })
    expect(response.headers.get('access-control-allow-headers')).toContain('authorization')
    expect(response.headers.has('access-control-allow-credentials')).toBe(false)
    expect(stage.desk.asked).toEqual([])
  })

  it.each(['https://evil.example', 'https://app.example.evil', 'null'])('is not to %s', async (origin) => {
    const response = await ask(origin)
    expect(await refusalOf(response)).toBe('405 method-not-allowed')
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  })

  it('comes before an answer that the page may read, a refusal too', async () => {
    for (const claim of [download(), stage.desk.bad('expired')]) {
      const response = await stage.request('GET', claim, { headers: { origin: PAGE } })
      expect(response.headers.get('access-control-allow-origin')).toBe(PAGE)
      expect(response.headers.get('access-control-expose-headers')).toContain('content-range')
    }
  })
})
