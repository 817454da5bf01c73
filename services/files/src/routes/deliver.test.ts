import { RequestFailed } from '@curfew/messaging'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { file, putInto, refusalOf, setStage, type Stage } from '../../test/stage.ts'

const CONTENT = 'Hello, file service!'
const DIGEST = 'sha-256=:PgConU8oGKK5SXwSUxZvCU7wQLrl6jwu9EsLhxsoLWU=:'

let stage: Stage
beforeEach(async () => {
  stage = await setStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const download = (changes: object = {}): string => stage.desk.claim({ op: 'download', file, ...changes })
const form = (fields: [string, string][] | string, headers: Record<string, string> = {}): Promise<Response> =>
  stage.request('POST', undefined, { body: new URLSearchParams(fields), headers })
const inUrl = (on: Stage, claim: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${on.url}/files/${file}?claim=${claim}`, { headers })

/** Everything that is not about this one exchange. */
function described({ headers }: Response): [string, string][] {
  const passing = new Set(['date', 'connection', 'keep-alive', 'x-request-id'])
  return [...headers].filter(([name]) => !passing.has(name))
}

describe('a download', () => {
  it('brings the bytes, described and inert', async () => {
    await putInto(stage.store, CONTENT, 'application/octet-stream')
    const claim = download({ name: 'Grüße.html', content_type: 'text/html' })
    const response = await stage.request('GET', claim)
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(CONTENT)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/html',
      'content-length': '20',
      'content-disposition': `attachment; filename="Gr__e.html"; filename*=UTF-8''Gr%C3%BC%C3%9Fe.html`,
      'repr-digest': DIGEST,
      etag: '"PgConU8oGKK5SXwSUxZvCU7wQLrl6jwu9EsLhxsoLWU"',
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
    })
    expect(response.headers.has('transfer-encoding')).toBe(false)
  })

  it('of an empty file is complete', async () => {
    await putInto(stage.store, '')
    const response = await stage.request('GET', download())
    expect(await response.text()).toBe('')
    expect(response.headers.get('content-length')).toBe('0')
  })

  it('by form brings the same', async () => {
    await putInto(stage.store, CONTENT)
    const response = await form([['claim', download()]])
    expect(response.status).toBe(200)
    expect(await response.text()).toBe(CONTENT)
    expect(stage.desk.asked).toHaveLength(1)
  })

  it('by HEAD brings the same headers, no bytes, and spends nothing', async () => {
    await putInto(stage.store, CONTENT)
    const claim = download({ name: 'a' })
    const looks = await Promise.all(Array.from({ length: 5 }, () => stage.request('HEAD', claim)))
    expect(stage.desk.asked).toHaveLength(0)
    const response = await stage.request('GET', claim)
    for (const look of looks) {
      expect(look.status).toBe(200)
      expect(await look.text()).toBe('')
      expect(described(look)).toEqual(described(response))
    }
    await response.text()
    expect(stage.desk.asked).toHaveLength(1)
  })

  it('by HEAD is refused as by GET when its session is over, or nobody can say', async () => {
    await putInto(stage.store, CONTENT)
    const claim = download()
    stage.desk.standing = () => false
    expect((await stage.request('HEAD', claim)).status).toBe(403)
    stage.desk.standing = () => {
      throw new RequestFailed('timeout', 'check-claims')
    }
    const unsure = await stage.request('HEAD', claim)
    expect([unsure.status, unsure.headers.get('retry-after')]).toEqual([503, '1'])
    expect(stage.desk.asked).toEqual([])
    expect((await stage.request('GET', claim)).status).toBe(200)
  })

  it('of the version in the claim is served, of another one is not, and costs nothing', async () => {
    await putInto(stage.store, CONTENT)
    const etag = String((await stage.request('HEAD', download())).headers.get('etag'))
    expect(await refusalOf(await stage.request('GET', download({ etag: '"other"' })))).toBe(
      '403 claim-mismatch',
    )
    expect((await stage.request('HEAD', download({ etag: '"other"' }))).status).toBe(403)
    expect(stage.desk.asked).toHaveLength(0)
    expect(await (await stage.request('GET', download({ etag }))).text()).toBe(CONTENT)
  })
})

describe('a claim is not spent', () => {
  it('on a file that is not there', async () => {
    expect(await refusalOf(await stage.request('GET', download()))).toBe('404 not-found')
    expect(await refusalOf(await form([['claim', download()]]))).toBe('404 not-found')
    expect((await stage.request('HEAD', download())).status).toBe(404)
    expect(stage.desk.asked).toHaveLength(0)
  })

  it.each([
    ['another file', { op: 'download', file: 'Z'.repeat(22) }],
    ['an upload', { op: 'upload', file }],
    ['a deletion', { op: 'delete', file }],
  ])('when it is for %s', async (_, act) => {
    await putInto(stage.store, CONTENT)
    const claim = stage.desk.claim(act as never)
    expect(await refusalOf(await stage.request('GET', claim))).toBe('403 claim-mismatch')
    expect(await refusalOf(await form([['claim', claim]]))).toBe('403 claim-mismatch')
    expect((await stage.request('HEAD', claim)).status).toBe(403)
    expect(stage.desk.asked).toHaveLength(0)
  })

  it.each(['..%2f..%2fetc%2fpasswd', `${file}x`, file.toLowerCase(), '%00', '*', 'a'.repeat(300)])(
    'on the path /files/%s',
    async (path) => {
      await putInto(stage.store, CONTENT)
      const response = await fetch(`${stage.url}/files/${path}`, {
        headers: { authorization: `Bearer ${download()}` },
      })
      expect(await refusalOf(response)).toBe('403 claim-mismatch')
      expect(stage.desk.asked).toHaveLength(0)
    },
  )
})

describe('a caller is refused', () => {
  beforeEach(() => putInto(stage.store, CONTENT))

  it('without a claim, and told nothing but the scheme', async () => {
    const response = await stage.request('GET')
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="curfew"')
    expect(await refusalOf(response)).toBe('401 claim-invalid')
    const basic = await stage.request('GET', undefined, { headers: { authorization: 'Basic YTpi' } })
    expect(await refusalOf(basic)).toBe('401 claim-invalid')
  })

  it('with a bad claim, in the same words whatever is wrong with it', async () => {
    const answers = await Promise.all(
      (['malformed', 'expired', 'signature', 'unknown-key', 'type', 'lifetime'] as const).map(
        async (reason) => {
          const response = await stage.request('GET', stage.desk.bad(reason))
          const { request_id: id, ...body } = (await response.json()) as Record<string, unknown>
          expect(id).toBe(response.headers.get('x-request-id'))
          return JSON.stringify([response.status, described(response), body])
        },
      ),
    )
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('Bearer realm=\\"curfew\\", error=\\"invalid_token\\"')
    expect(answers[0]).toContain('"code":"claim-invalid"')
  })

  it.each([
    ['spent', 409, 'claim-spent'],
    ['withdrawn', 403, 'claim-withdrawn'],
  ] as const)('when the claim is %s', async (outcome, status, code) => {
    stage.desk.answer = () => outcome
    expect(await refusalOf(await stage.request('GET', download()))).toBe(`${status} ${code}`)
    expect(await refusalOf(await form([['claim', download()]]))).toBe(`${status} ${code}`)
  })

  it.each(['unavailable', 'timeout'] as const)(
    'when the authority cannot be asked (%s), with 503',
    async (c) => {
      stage.desk.answer = () => {
        throw new RequestFailed(c, 'redeem-claim')
      }
      const response = await stage.request('GET', download())
      expect(response.headers.get('retry-after')).toBe('1')
      expect(await refusalOf(response)).toBe('503 unavailable')
    },
  )

  it('when the keys cannot be had, with 503 and not with 401', async () => {
    const response = await stage.request('GET', stage.desk.bad('unavailable'))
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await refusalOf(response)).toBe('503 unavailable')
  })

  it('with two Authorization headers', async () => {
    const headers = new Headers([
      ['authorization', `Bearer ${download()}`],
      ['authorization', `Bearer ${download()}`],
    ])
    expect(await refusalOf(await stage.request('GET', undefined, { headers }))).toBe('401 claim-invalid')
  })

  it('with a form that is not one claim', async () => {
    const twice: [string, string][] = [
      ['claim', download()],
      ['claim', download()],
    ]
    expect(await refusalOf(await form(twice))).toBe('400 bad-request')
    expect(
      await refusalOf(
        await form([
          ['claim', download()],
          ['x', 'y'],
        ]),
      ),
    ).toBe('400 bad-request')
    expect(await refusalOf(await form([['token', download()]]))).toBe('400 bad-request')
    expect(await refusalOf(await form('__proto__=x'))).toBe('400 bad-request')
    expect(await refusalOf(await form(''))).toBe('400 bad-request')
    const broken = { body: 'claim=%E9', headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    expect(await refusalOf(await stage.request('POST', undefined, broken))).toBe('400 bad-request')
    expect(await refusalOf(await form([['claim', 'a'.repeat(10_000)]]))).toBe('413 payload-too-large')
    expect(
      await refusalOf(await form([['claim', download()]], { authorization: `Bearer ${download()}` })),
    ).toBe('400 bad-request')
    const json = {
      body: JSON.stringify({ claim: download() }),
      headers: { 'content-type': 'application/json' },
    }
    expect(await refusalOf(await stage.request('POST', undefined, json))).toBe('415 unsupported-media-type')
    expect(stage.desk.asked).toHaveLength(0)
  })
})

describe('a claim in the URL', () => {
  it('is refused, even beside a good one', async () => {
    await putInto(stage.store, CONTENT)
    expect(await refusalOf(await inUrl(stage, download()))).toBe('400 bad-request')
    const beside = { authorization: `Bearer ${download()}` }
    expect(await refusalOf(await inUrl(stage, download(), beside))).toBe('400 bad-request')
    expect(
      await refusalOf(await fetch(`${stage.url}/files/${file}?access_token=x`, { headers: beside })),
    ).toBe('400 bad-request')
    expect(stage.desk.asked).toHaveLength(0)
  })

  it('is refused beside another one where it is allowed', async () => {
    await using open = await setStage({ allowClaimInUrl: true })
    await putInto(open.store, CONTENT)
    const claim = open.desk.claim({ op: 'download', file })
    expect(await refusalOf(await inUrl(open, claim, { authorization: `Bearer ${claim}` }))).toBe(
      '400 bad-request',
    )
    expect(await refusalOf(await inUrl(open, `${claim}&claim=${claim}`))).toBe('400 bad-request')
    expect(open.desk.asked).toEqual([])
  })
})

it('writes each decision to the log and the metrics, and no claim to either', async () => {
  await putInto(stage.store, CONTENT)
  const [good, bad] = [download(), stage.desk.bad('expired')]
  await (await stage.request('GET', good)).text()
  await stage.request('GET', bad)
  await fetch(`${stage.url}/files/${file}?claim=${good}`)
  const metrics = await (await fetch(`${stage.operationsUrl}/metrics`)).text()
  expect(metrics).toMatch(/curfew_claims_total\{operation="download",outcome="redeemed".*\} 1/)
  expect(metrics).toMatch(
    /curfew_claims_total\{operation="download",outcome="invalid",reason="expired".*\} 1/,
  )

  const lines = stage.log.map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines).toContainEqual(
    expect.objectContaining({
      event: 'claim.redeemed',
      claimId: expect.any(String),
      sessionId: 'S'.repeat(22),
    }),
  )
  expect(lines).toContainEqual(expect.objectContaining({ event: 'claim.refused', reason: 'expired' }))
  for (const text of [...stage.log, metrics]) {
    expect(text).not.toContain(good)
    expect(text).not.toContain(bad)
  }
})
