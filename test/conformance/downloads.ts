/**
 * ⑦ Group 15: downloads, as any client and any cache between sees them.
 */
import { hash } from 'node:crypto'

import { expectProblem } from '@curfew/test-kit'
import { expect } from 'vitest'

import { conforms } from './register.ts'
import { downloads } from './statements/downloads.ts'
import { send, storeDocument } from './transfers.ts'

const CONTENT = Array.from({ length: 2_000 }, (_, n) => `${n}`.padStart(5, '.')).join('')
const RESUME = 'services/files/src/routes/resume.test.ts'
const DIGEST = `sha-256=:${hash('sha256', CONTENT, 'base64')}:`

const ranged = (range: string, more: Record<string, string> = {}): { headers: Record<string, string> } => ({
  headers: { range, ...more },
})

conforms(downloads, ({ shows, shownBy }) => {
  shows('FD-01', 'a strong tag, the same for the same bytes and another one for others', async () => {
    const tagOf = async (content: string): Promise<string> => {
      const response = await send('HEAD', await (await storeDocument(content)).download())
      return response.headers.get('etag') ?? ''
    }
    const [one, same, other] = [await tagOf('a'), await tagOf('a'), await tagOf('b')]
    expect(one).toMatch(/^"[^"]+"$/)
    expect(same).toBe(one)
    expect(other).not.toBe(one)
  })
  shownBy(
    'FD-01',
    'services/files/test/once.test.ts',
    'is looked at with HEAD as often as anyone likes, before and after it is spent',
  )
  shows(
    'FD-02',
    'the first byte, the last ones, the rest and any others, with all that belongs to them',
    async () => {
      const document = await storeDocument(CONTENT)
      const edges: [string, number, number][] = [
        ['bytes=0-0', 0, 1],
        ['bytes=-500', 9_500, 10_000],
        ['bytes=9500-', 9_500, 10_000],
        ['bytes=17-4711', 17, 4_712],
        ['bytes=9999-20000', 9_999, 10_000],
      ]
      for (const [range, from, until] of edges) {
        const response = await send('GET', await document.download(), ranged(range))
        expect(response.status).toBe(206)
        expect(await response.text()).toBe(CONTENT.slice(from, until))
        expect(Object.fromEntries(response.headers)).toMatchObject({
          'content-range': `bytes ${from}-${until - 1}/10000`,
          'content-length': String(until - from),
          'accept-ranges': 'bytes',
          'cache-control': 'no-store',
          etag: expect.stringMatching(/^"/),
          date: expect.any(String),
        })
      }
    },
  )
  shows(
    'FD-03',
    'outside is 416 and costs nothing; units and methods without ranges, and many ranges, are the whole',
    async () => {
      const document = await storeDocument(CONTENT)
      const transfer = await document.download()
      for (const range of ['bytes=10000-', 'bytes=20000-30000', 'bytes=-0']) {
        const outside = await send('GET', transfer, ranged(range))
        expect(outside.headers.get('content-range')).toBe('bytes */10000')
        await expectProblem(outside, 416, 'range-not-satisfiable')
      }
      const many = `bytes=${Array.from({ length: 1_000 }, (_, n) => `${n * 3}-${n * 3}`).join(',')}`
      for (const range of ['lines=0-1', many, 'bytes=0-0,5-5', 'bytes=5-2'])
        expect((await send('GET', await document.download(), ranged(range))).status).toBe(200)
      expect((await send('HEAD', transfer, ranged('bytes=0-0'))).headers.get('content-length')).toBe('10000')
    },
  )
  shows('FD-04', 'only the current strong tag is answered with a part', async () => {
    const document = await storeDocument(CONTENT)
    const etag = (await send('HEAD', await document.download())).headers.get('etag') ?? ''
    const statusWith = async (condition: string): Promise<number> =>
      (await send('GET', await document.download(), ranged('bytes=5-', { 'if-range': condition }))).status
    expect(await statusWith(etag)).toBe(206)
    for (const condition of [`W/${etag}`, '"other"', 'Sun, 22 Nov 2026 20:00:00 GMT'])
      expect(await statusWith(condition)).toBe(200)
    const without = await send('GET', await document.download(), { headers: { 'if-range': etag } })
    expect(without.status).toBe(200)
  })
  shows('FD-05', 'a known tag is 304 without a body, and 401 without a claim', async () => {
    const transfer = await (await storeDocument(CONTENT)).download()
    const etag = (await send('HEAD', transfer)).headers.get('etag') ?? ''
    const headers = { 'if-none-match': etag }
    await expectProblem(await send('GET', { ...transfer, claim: 'none' }, { headers }), 401, 'claim-invalid')
    const known = await send('GET', transfer, { headers })
    expect([known.status, await known.text(), known.headers.get('etag')]).toEqual([304, '', etag])
    // It cost nothing.
    expect((await send('GET', transfer)).status).toBe(200)
  })
  shows('FD-06', 'HEAD says what GET then says, as often as it is asked', async () => {
    const transfer = await (await storeDocument(CONTENT)).download()
    const described = ({ headers }: Response): [string, string][] =>
      [...headers].filter(([name]) => !['date', 'x-request-id', 'connection', 'keep-alive'].includes(name))
    const looks = [await send('HEAD', transfer), await send('HEAD', transfer)]
    const response = await send('GET', transfer)
    for (const look of looks) expect(described(look)).toEqual(described(response))
  })
  shows('FD-07', 'everything that a claim is answered with says no-store', async () => {
    const transfer = await (await storeDocument(CONTENT)).download()
    const answers = [
      await send('HEAD', transfer),
      await send('GET', transfer, ranged('bytes=10000-')),
      await send('GET', transfer),
      await send('GET', transfer),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 416, 200, 409])
    for (const { headers } of answers) expect(headers.get('cache-control')).toBe('no-store')
  })
  shows(
    'FD-08',
    'a part that arrived is not given again, what is left is, and nothing without the claim',
    async () => {
      const transfer = await (await storeDocument(CONTENT)).download()
      const first = await send('GET', transfer, ranged('bytes=0-4999'))
      const etag = first.headers.get('etag') ?? ''
      expect(await first.text()).toBe(CONTENT.slice(0, 5_000))
      const rest = (more: string, condition: string) =>
        ranged(more, { 'if-range': condition, connection: 'close' })
      await expectProblem(
        await send('GET', { ...transfer, claim: 'none' }, rest('bytes=5000-', etag)),
        401,
        'claim-invalid',
      )
      // The authority hears that the first part has arrived a moment after its reader.
      let second = await send('GET', transfer, rest('bytes=5000-', etag))
      while (second.status === 409 && second.headers.has('retry-after')) {
        await second.text()
        second = await send('GET', transfer, rest('bytes=5000-', etag))
      }
      expect([second.status, await second.text()]).toEqual([206, CONTENT.slice(5_000)])
      await expectProblem(await send('GET', transfer), 409, 'claim-spent')
    },
  )
  shownBy('FD-08', RESUME, 'how far it came, when the caller leaves in the middle')
  shows('FD-09', 'an attachment under its very name, of its type, which no browser runs', async () => {
    const name = 'Grüße "quoted" \u202Egpj.html'
    const document = await storeDocument('<script>1</script>', { name, content_type: 'text/html' })
    const { headers } = await send('HEAD', await document.download())
    const disposition = headers.get('content-disposition') ?? ''
    expect(disposition).toMatch(/^attachment; filename="[ -~]*"; filename\*=UTF-8''[!-~]*$/)
    const encoded = disposition.split("UTF-8''")[1] ?? ''
    expect(decodeURIComponent(encoded)).toBe('Grüße "quoted" _gpj.html')
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^sandbox;/),
      'cross-origin-resource-policy': 'same-origin',
    })
  })
  shows('FD-10', 'the digest is that of the whole, also with a part, whatever is wanted', async () => {
    const document = await storeDocument(CONTENT)
    for (const headers of [{}, { range: 'bytes=1-2' }, { 'want-repr-digest': 'sha-512=10, sha-256=1' }]) {
      const response = await send('GET', await document.download(), { headers })
      expect([200, 206]).toContain(response.status)
      expect(response.headers.get('repr-digest')).toBe(DIGEST)
    }
  })
  shownBy('FD-11', 'services/files/src/routes/upload.test.ts', 'of other content than its sender says in %s')
})
