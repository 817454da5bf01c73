import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'

import { formatDigest, type FileActOf } from '@curfew/one-time-claims'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { file, MAX_BYTES, putInto, refusalOf, setStage, type Stage } from '../../test/stage.ts'

const CONTENT = 'Hello, file service!'
const DIGEST = formatDigest(createHash('sha256').update(CONTENT).digest())
const OTHER = formatDigest(createHash('sha256').update('other').digest())
const NOTHING = ['.removed', '.transit']

let stage: Stage
beforeEach(async () => {
  stage = await setStage()
})
afterEach(() => stage[Symbol.asyncDispose]())

const upload = (changes: Partial<FileActOf<'upload'>> = {}): string =>
  stage.desk.claim({ op: 'upload', file, ...changes })
const put = (claim: string, body: RequestInit['body'] = CONTENT, headers = {}): Promise<Response> =>
  stage.request('PUT', claim, { body, duplex: 'half', headers: { 'content-type': 'text/plain', ...headers } })
const inPieces = (...pieces: string[]): ReadableStream =>
  ReadableStream.from(pieces.map((piece) => Buffer.from(piece)))

describe('an upload', () => {
  it('becomes a file, and says what was stored', async () => {
    const response = await put(upload({ content_type: 'text/plain', digest: DIGEST, max_bytes: 20 }))
    const etag = '"PgConU8oGKK5SXwSUxZvCU7wQLrl6jwu9EsLhxsoLWU"'
    expect(response.status).toBe(201)
    expect(response.headers.get('etag')).toBe(etag)
    expect(await response.json()).toEqual({ file: { id: file, size: 20, digest: DIGEST, etag } })
    const stored = await stage.request('GET', stage.desk.claim({ op: 'download', file }))
    expect(await stored.text()).toBe(CONTENT)
    expect(stored.headers.get('content-type')).toBe('text/plain')
  })

  it.each(['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'of type %s is bytes like any other',
    async (type) => {
      const response = await put(upload(), '{not parsed', { 'content-type': type })
      expect(response.status).toBe(201)
      expect(await stage.store.find(file)).toMatchObject({ size: 11, contentType: type })
    },
  )

  it('of nothing becomes an empty file', async () => {
    expect((await put(upload(), '')).status).toBe(201)
    expect(await stage.store.find(file)).toMatchObject({ size: 0 })
  })

  it('that is what its sender says is stored', async () => {
    const sha512 = createHash('sha512').update(CONTENT).digest('base64')
    const headers = { 'content-digest': `sha-512=:${sha512}:, unixsum=30637`, 'repr-digest': DIGEST }
    expect((await put(upload({ min_bytes: 20, max_bytes: 20 }), CONTENT, headers)).status).toBe(201)
  })

  it('in pieces of unknown number is one file', async () => {
    expect((await put(upload({ digest: DIGEST }), inPieces('Hello, ', 'file ', 'service!'))).status).toBe(201)
  })
})

describe('an upload costs no claim and leaves nothing', () => {
  it.each([
    ['announcing more than the claim allows', { max_bytes: 19 }, {}, '413 payload-too-large'],
    ['announcing less than the claim says', { min_bytes: 21 }, {}, '422 size-mismatch'],
    [
      'of another digest than the claim',
      { digest: DIGEST },
      { 'content-digest': OTHER },
      '422 digest-mismatch',
    ],
    ['of a digest that nobody can read', {}, { 'content-digest': 'sha-256=:AA:' }, '400 bad-request'],
    ['on the condition of a version', {}, { 'if-match': '*' }, '412 precondition-failed'],
    ['of another type', { content_type: 'image/png' }, {}, '415 unsupported-media-type'],
    ['that is encoded', {}, { 'content-encoding': 'gzip' }, '415 unsupported-media-type'],
    ['of a part', {}, { 'content-range': 'bytes 0-19/40' }, '400 bad-request'],
  ])('%s', async (_, act, headers, refusal) => {
    expect(await refusalOf(await put(upload(act), CONTENT, headers))).toBe(refusal)
    expect(stage.desk.asked).toHaveLength(0)
    expect(await stage.everything()).toEqual(NOTHING)
  })

  it('on a file that has its content', async () => {
    await putInto(stage.store, 'first')
    expect(await refusalOf(await put(upload()))).toBe('409 conflict')
    expect(stage.desk.asked).toHaveLength(0)
  })

  it('without a good claim for it', async () => {
    expect(await refusalOf(await put(stage.desk.bad('signature')))).toBe('401 claim-invalid')
    expect(await refusalOf(await put(stage.desk.claim({ op: 'download', file })))).toBe('403 claim-mismatch')
    expect(await refusalOf(await stage.request('PUT', undefined, { body: CONTENT }))).toBe(
      '401 claim-invalid',
    )
    const inUrl = await fetch(`${stage.url}/files/${file}?claim=${upload()}`, {
      method: 'PUT',
      body: CONTENT,
    })
    expect(await refusalOf(inUrl)).toBe('400 bad-request')
    expect(stage.desk.asked).toHaveLength(0)
    expect(await stage.everything()).toEqual(NOTHING)
  })
})

describe('an upload leaves nothing', () => {
  it.each([
    ['spent', 409, 'claim-spent'],
    ['withdrawn', 403, 'claim-withdrawn'],
  ] as const)('with a claim that is %s', async (outcome, status, code) => {
    stage.desk.answer = () => outcome
    expect(await refusalOf(await put(upload()))).toBe(`${status} ${code}`)
    expect(await stage.everything()).toEqual(NOTHING)
  })

  it('that turns out longer than allowed', async () => {
    const pieces = inPieces('Hello, ', 'file ', 'service!')
    expect(await refusalOf(await put(upload({ max_bytes: 19 }), pieces))).toBe('413 payload-too-large')
    expect(await stage.everything()).toEqual(NOTHING)
  })

  it('that turns out longer than allowed long before its end, and says so at once', async () => {
    const client = open('PUT', upload({ max_bytes: 19 }), { 'transfer-encoding': 'chunked' })
    client.write('twenty bytes and more')
    expect((await answerOf(client)).statusCode).toBe(413)
    expect(await stage.everything()).toEqual(NOTHING)
    client.destroy()
  })

  it('that turns out shorter than the claim says', async () => {
    expect(await refusalOf(await put(upload({ min_bytes: 21 }), inPieces(CONTENT)))).toBe('422 size-mismatch')
    expect(await stage.everything()).toEqual(NOTHING)
  })

  it.each([
    ['Content-Digest', { 'content-digest': OTHER }],
    ['Repr-Digest', { 'repr-digest': `md5=:AAAA:, ${OTHER}` }],
    ['SHA-512', { 'content-digest': `${DIGEST}, sha-512=:${createHash('sha512').digest('base64')}:` }],
  ])('of other content than its sender says in %s', async (_, headers) => {
    expect(await refusalOf(await put(upload(), CONTENT, headers))).toBe('422 digest-mismatch')
    expect(await stage.everything()).toEqual(NOTHING)
  })

  it('with a transfer coding that nobody here undoes', async () => {
    const client = open('PUT', upload(), { 'transfer-encoding': 'gzip, chunked' })
    client.end(CONTENT)
    expect((await answerOf(client)).statusCode).toBe(501)
    expect(stage.desk.asked).toHaveLength(0)
    expect(await stage.everything()).toEqual(NOTHING)
  })

  it('of other content than promised', async () => {
    expect(await refusalOf(await put(upload({ digest: DIGEST }), 'other'))).toBe('422 digest-mismatch')
    expect(await stage.everything()).toEqual(NOTHING)
  })

  it('that breaks off', async () => {
    const client = open('PUT', upload(), { 'content-length': '1000000' })
    client.write('Hello')
    await vi.waitFor(async () =>
      expect(await stage.everything()).toContainEqual(expect.stringContaining('content')),
    )
    client.destroy()
    await vi.waitFor(async () => expect(await stage.everything()).toEqual(NOTHING))
    expect((await put(upload())).status).toBe(201)
  })
})

describe('a caller that waits to be asked for the body', () => {
  it('is asked only once its claim is spent', async () => {
    const steps: string[] = []
    stage.desk.answer = () => {
      steps.push('spent')
      return 'redeemed'
    }
    const client = open('PUT', upload(), { expect: '100-continue', 'content-length': '20' })
    client.on('continue', () => {
      steps.push('asked for the body')
      client.end(CONTENT)
    })
    client.flushHeaders()
    expect((await answerOf(client)).statusCode).toBe(201)
    expect(steps).toEqual(['spent', 'asked for the body'])
  })

  it('is told its refusal instead', async () => {
    const client = open('PUT', stage.desk.bad('expired'), { expect: '100-continue', 'content-length': '20' })
    const asked = vi.fn<() => void>()
    client.on('continue', asked)
    client.flushHeaders()
    expect((await answerOf(client)).statusCode).toBe(401)
    expect(asked).not.toHaveBeenCalled()
  })

  it('is asked at once where the body is the claim itself', async () => {
    await putInto(stage.store, CONTENT)
    const form = `claim=${stage.desk.claim({ op: 'download', file })}`
    const client = httpRequest(`${stage.url}/files/${file}`, {
      method: 'POST',
      agent: false,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(form.length),
        expect: '100-continue',
      },
    })
    client.on('continue', () => client.end(form))
    client.flushHeaders()
    expect((await answerOf(client)).statusCode).toBe(200)
  })
})

it('lets a caller that is still sending read its refusal', async () => {
  const response = await put(stage.desk.bad('expired'), Buffer.alloc(MAX_BYTES))
  expect(await refusalOf(response)).toBe('401 claim-invalid')
})

it.each([
  ['a form', 'POST', 'application/x-www-form-urlencoded', 413],
  ['an upload', 'PUT', 'text/plain', 401],
])(
  'lets a caller that reads nothing before it has sent all of %s read its refusal',
  async (_, method, type, status) => {
    const piece = Buffer.alloc(64 * 1024, 'x')
    const socket = connect(Number(new URL(stage.url).port), '127.0.0.1')
    const failed = vi.fn<(error: Error) => void>()
    socket.on('error', failed).pause()
    const head = [`${method} /files/${file} HTTP/1.1`, 'host: x', `content-type: ${type}`]
    socket.write([...head, `content-length: ${12 * piece.length}`, '', ''].join('\r\n'))
    // The server has refused it before the first byte of the body comes.
    for (let n = 0; n < 3; n += 1) await stage.request('HEAD')
    for (let n = 0; n < 12; n += 1) {
      await new Promise((sent) => void socket.write(piece, sent))
      await stage.request('HEAD')
    }
    expect(failed).not.toHaveBeenCalled()
    const answered = once(socket, 'data') as Promise<[Buffer]>
    socket.resume()
    const [answer] = await answered
    expect(answer.toString().slice(9, 12)).toBe(String(status))
    socket.destroy()
  },
)

function open(method: string, claim: string, headers: Record<string, string>): ClientRequest {
  const client = httpRequest(`${stage.url}/files/${file}`, {
    method,
    agent: false,
    headers: { authorization: `Bearer ${claim}`, 'content-type': 'text/plain', ...headers },
  })
  client.on('error', () => undefined)
  return client
}

function answerOf(client: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve) => {
    client.once('response', (response) => {
      response.resume()
      resolve(response)
    })
  })
}
