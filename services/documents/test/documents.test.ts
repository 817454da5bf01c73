/**
 * ③ ⑥ The documents service as its callers meet it: behind the gateway, with real sessions and the real file service.
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

import {
  expectJson,
  expectProblem,
  startTestSystem,
  type BearerClient,
  type TestSystem,
} from '@curfew/test-kit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { bytesInto, create, type CreatedJson, type DocumentBody, type Transfer } from './callers.ts'

const CONTENT = 'Hello, file service!'
const DIGEST = 'sha-256=:PgConU8oGKK5SXwSUxZvCU7wQLrl6jwu9EsLhxsoLWU=:'
const ETAG = '"PgConU8oGKK5SXwSUxZvCU7wQLrl6jwu9EsLhxsoLWU"'

let system: TestSystem
let alice: BearerClient
let bob: BearerClient
let carol: BearerClient
beforeAll(async () => {
  const limits = { DOCUMENTS_MAX_PER_USER: '30', DOCUMENTS_UPLOADS_PER_USER: '40' }
  system = await startTestSystem({ env: { documents: limits } })
  ;[alice, bob, carol] = await Promise.all([
    system.login('alice'),
    system.login('bob'),
    system.login('carol'),
  ])
})
afterAll(() => system[Symbol.asyncDispose]())

const read = async (id: string, caller = bob): Promise<DocumentBody> =>
  (await expectJson<{ document: DocumentBody }>(await caller.get(`/api/documents/${id}`), 200)).document
const codeOf = async (response: Response): Promise<string> => {
  const body = (await response.json()) as { code: string }
  await expectProblem(new Response(JSON.stringify(body), response), response.status, body.code as never)
  return `${response.status} ${body.code}`
}
const answerToCarol = async (id: string, method: string, suffix: string): Promise<unknown> => {
  const response = await carol.request(method, `/api/documents/${id}${suffix}`)
  const { request_id: _, ...body } = (await response.json()) as Record<string, unknown>
  return { status: response.status, body }
}

describe('a document', () => {
  it('goes from its description to its bytes and back', async () => {
    const description = { name: 'Grüße 😀.txt', content_type: 'text/plain', size: 20, digest: DIGEST }
    const response = await alice.post('/api/documents', description)
    expect(response.headers.get('cache-control')).toBe('no-store')
    const { document, upload } = await expectJson<CreatedJson>(response, 201)
    expect(response.headers.get('location')).toBe(`documents/${document.id}`)
    expect(document).toEqual({
      id: expect.any(String),
      ...description,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      created_by: 'alice',
      content: null,
    })
    expect(upload).toMatchObject({ method: 'PUT', url: expect.stringContaining('/files/') })
    expect(upload.url).not.toContain(document.id)

    expect((await bytesInto(upload, CONTENT)).status).toBe(201)
    const content = { size: 20, digest: DIGEST, etag: ETAG }
    expect(await read(document.id)).toEqual({ ...document, content })

    const path = `/api/documents/${document.id}/download`
    const download = await expectJson<Transfer>(await bob.post(path), 200)
    expect(download.method).toBe('POST')
    const body = new URLSearchParams({ claim: download.claim })
    const bytes = await fetch(download.url, { method: 'POST', body })
    expect(await bytes.text()).toBe(CONTENT)
    expect(bytes.headers.get('content-type')).toBe('text/plain')
    expect(bytes.headers.get('content-disposition')).toContain(
      "filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%F0%9F%98%80.txt",
    )
  })

  it('cannot be downloaded before there is something to download, nor filled again after that', async () => {
    const { document, upload } = await create(alice)
    expect(await codeOf(await bob.post(`/api/documents/${document.id}/download`))).toBe('409 conflict')

    const path = `/api/documents/${document.id}/upload`
    const second = await expectJson<Transfer>(await alice.post(path), 200)
    expect(second).toMatchObject({ method: 'PUT', url: upload.url })
    expect((await bytesInto(second, CONTENT)).status).toBe(201)
    expect(await codeOf(await alice.post(path))).toBe('409 conflict')
    expect(await codeOf(await bytesInto(upload, 'other'))).toBe('409 conflict')
  })

  it('takes only the bytes that it was described with', async () => {
    const small = await create(alice, { size: 19 })
    expect(await codeOf(await bytesInto(small.upload, CONTENT))).toBe('413 payload-too-large')
    const large = await create(alice, { size: 21 })
    expect(await codeOf(await bytesInto(large.upload, CONTENT))).toBe('422 size-mismatch')
    const other = await create(alice, { digest: DIGEST })
    expect(await codeOf(await bytesInto(other.upload, 'other'))).toBe('422 digest-mismatch')
    const typed = await create(alice, { content_type: 'image/png' })
    expect(await codeOf(await bytesInto(typed.upload, CONTENT))).toBe('415 unsupported-media-type')
    for (const { document } of [small, large, other, typed])
      expect((await read(document.id)).content).toBeNull()
  })

  it('is deleted with its bytes, and deleted once', async () => {
    const { document, upload } = await create(alice)
    await bytesInto(upload, CONTENT)
    const path = `/api/documents/${document.id}`
    const download = await expectJson<Transfer>(await alice.post(`${path}/download`), 200)
    expect((await alice.delete(path)).status).toBe(204)
    const late = await fetch(download.url, { headers: { authorization: `Bearer ${download.claim}` } })
    expect(await codeOf(late)).toBe('404 not-found')
    expect(await codeOf(await alice.get(path))).toBe('404 not-found')
    expect(await codeOf(await alice.delete(path))).toBe('404 not-found')
  })

  it('is deleted before it has bytes, too: those that come later are refused, again and again', async () => {
    const { document, upload } = await create(alice)
    const another = await expectJson<Transfer>(await alice.post(`/api/documents/${document.id}/upload`), 200)
    const late = new TransformStream<Uint8Array, Uint8Array>()
    const writer = late.writable.getWriter()
    const sending = fetch(upload.url, {
      method: 'PUT',
      headers: { authorization: `Bearer ${upload.claim}`, 'content-type': 'text/plain' },
      body: late.readable,
      duplex: 'half',
    })
    await writer.write(Buffer.from('half '))
    const root = join(dirname(dirname(system.logFile('files'))), 'files')
    await vi.waitFor(async () => expect(await readdir(join(root, '.transit'))).toHaveLength(1))
    expect((await alice.delete(`/api/documents/${document.id}`)).status).toBe(204)
    await writer.write(Buffer.from('whole'))
    await writer.close()
    expect(await codeOf(await sending)).toBe('409 conflict')
    for (let attempt = 0; attempt < 2; attempt += 1)
      expect(await codeOf(await bytesInto(another, CONTENT))).toBe('409 conflict')
    const file = basename(new URL(upload.url).pathname)
    expect(await readdir(join(root, '.transit'))).toEqual([])
    await expect(readdir(join(root, file.slice(0, 2), file))).rejects.toThrow('ENOENT')
  })
})

describe('the list', () => {
  it('is paged, newest first', async () => {
    const created: string[] = []
    for (let n = 0; n < 5; n += 1) created.unshift((await create(carol)).document.id)
    const seen: string[] = []
    let path = '/api/documents?limit=2'
    for (let pages = 1; pages <= 3; pages += 1) {
      const page = await expectJson<{ documents: DocumentBody[]; next_cursor: string | null }>(
        await carol.get(path),
        200,
      )
      seen.push(...page.documents.map(({ id }) => id))
      expect(page.next_cursor === null).toBe(pages === 3)
      path = `/api/documents?limit=2&cursor=${page.next_cursor}`
    }
    expect(seen).toEqual(created)
  })

  it.each(['limit=0', 'limit=201', 'limit=x', 'cursor=x', 'cursor=', 'order=name', 'limit=1&limit=2'])(
    'refuses ?%s',
    async (query) => expect(await codeOf(await bob.get(`/api/documents?${query}`))).toBe('400 bad-request'),
  )
})

it('takes nothing along with a request for a claim, and does not fail on what comes', async () => {
  const { document } = await create(alice)
  const path = `/api/documents/${document.id}/upload`
  expect((await alice.post(path, {})).status).toBe(200)
  const announced = { headers: { 'content-type': 'application/json' } }
  expect((await alice.request('POST', path, announced)).status).toBe(200)
  expect((await alice.request('POST', path, { ...announced, body: '{' })).status).toBe(200)
  const { claim } = await expectJson<{ claim: string }>(await alice.post(path, { lifetime: 1e9 }), 200)
  const { iat, exp } = JSON.parse(Buffer.from(claim.split('.')[1] ?? '', 'base64url').toString()) as {
    iat: number
    exp: number
  }
  expect(exp - iat).toBeLessThanOrEqual(300)
})

describe('callers', () => {
  it('of another tenant find nothing, whatever they try, and cannot tell it from nothing', async () => {
    const { document } = await create(alice)
    for (const [method, suffix] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/download'],
      ['POST', '/upload'],
    ] as const) {
      const foreign = await answerToCarol(document.id, method, suffix)
      expect(foreign).toMatchObject({ status: 404, body: { code: 'not-found' } })
      expect(foreign).toEqual(await answerToCarol('A'.repeat(22), method, suffix))
      expect(foreign).toEqual(await answerToCarol('no-document-id', method, suffix))
    }
    expect((await read(document.id)).id).toBe(document.id)
  })

  it('need the permission for what they do', async () => {
    const { document } = await create(alice)
    const path = `/api/documents/${document.id}`
    const description = { name: 'a', content_type: 'text/plain' }
    expect(await codeOf(await bob.post('/api/documents', description))).toBe('403 forbidden')
    expect(await codeOf(await bob.post(`${path}/upload`))).toBe('403 forbidden')
    expect(await codeOf(await bob.delete(path))).toBe('403 forbidden')
    expect((await bob.get('/api/documents')).status).toBe(200)
    const operator = await system.login('operator')
    expect(await codeOf(await operator.get('/api/documents'))).toBe('403 forbidden')
    expect(await codeOf(await operator.get(path))).toBe('403 forbidden')
  })

  it('without a relay token for this service are nobody here', async () => {
    const { url } = system.services.documents
    expect((await fetch(`${url}/documents`)).status).toBe(401)
    expect(await codeOf(await alice.at(url).get('/documents'))).toBe('401 unauthenticated')
  })
})

it.each([
  ['an unknown member', { owner: 'bob' }, 'owner'],
  ['a size beyond what is taken', { size: 2 ** 40 }, 'size'],
  ['a name of 256 letters', { name: '😀'.repeat(256) }, 'name'],
  ['a name that is no text', { name: ['a'] }, 'name'],
  ['a type that is none', { content_type: 'text' }, 'content_type'],
  ['a digest in another spelling', { digest: DIGEST.toUpperCase() }, 'digest'],
])('refuses a description with %s, naming the member', async (_, changes, member) => {
  const response = await alice.post('/api/documents', { name: 'a', content_type: 'text/plain', ...changes })
  expect((await expectProblem(response, 400, 'bad-request')).detail).toContain(member)
})

it('publishes the public keys of its claims, and nothing else', async () => {
  const response = await fetch(`${system.services.documents.url}/.well-known/jwks.json`)
  expect(response.headers.get('content-type')).toMatch(/^application\/jwk-set\+json/)
  expect(response.headers.get('cache-control')).toBe('public, max-age=60')
  expect(await response.json()).toEqual({
    keys: [
      {
        kty: 'OKP',
        crv: 'Ed25519',
        x: expect.any(String),
        kid: expect.any(String),
        alg: 'Ed25519',
        use: 'sig',
      },
    ],
  })
})

it('writes no claim and no relay token to its log', async () => {
  const { upload } = await create(alice)
  const log = await readFile(system.logFile('documents'), 'utf8')
  expect(log).toContain('document.created')
  expect(log).not.toContain(upload.claim)
  expect(log).not.toMatch(/eyJ|cf[rs]_[A-Za-z0-9_-]{22}/)
})

it('takes so many documents of a user, and hands out so many claims for uploads, and no more', async () => {
  const description = { name: 'a.txt', content_type: 'text/plain' }
  const answers: Response[] = []
  while (answers.at(-1)?.status !== 403 && answers.length < 100)
    answers.push(await carol.post('/api/documents', description))
  expect(await codeOf(answers.at(-1) as Response)).toBe('403 quota-exceeded')
  const { documents } = await expectJson<{ documents: DocumentBody[] }>(
    await carol.get('/api/documents?limit=200'),
    200,
  )
  expect(documents).toHaveLength(30)
  expect((await alice.post('/api/documents', description)).status).toBe(201)

  const [first, second] = documents.map(({ id }) => `/api/documents/${id}`)
  expect((await carol.delete(String(first))).status).toBe(204)
  expect((await carol.post('/api/documents', description)).status).toBe(201)
  let response = await carol.post(`${second}/upload`)
  for (let n = 0; n < 100 && response.status === 200; n += 1) response = await carol.post(`${second}/upload`)
  expect(response.headers.get('retry-after')).toBe('60')
  expect(await codeOf(response)).toBe('429 too-many-requests')
})

describe('while the file service is away', () => {
  it('metadata is read, what was known is used, and nothing else is claimed or done', async () => {
    const [known, unknown] = [await create(alice), await create(alice)]
    await bytesInto(known.upload, CONTENT)
    await read(known.document.id)
    await system.services.files.stop()

    expect((await read(known.document.id)).content).toMatchObject({ size: 20 })
    expect((await read(unknown.document.id)).content).toBeNull()
    const [knownPath, unknownPath] = [known, unknown].map(({ document }) => `/api/documents/${document.id}`)
    expect((await alice.post(`${knownPath}/download`)).status).toBe(200)
    expect(await codeOf(await alice.post(`${unknownPath}/download`))).toBe('503 unavailable')
    expect(await codeOf(await alice.post(`${unknownPath}/upload`))).toBe('503 unavailable')
    expect(await codeOf(await alice.delete(String(knownPath)))).toBe('503 unavailable')
    expect((await read(known.document.id)).id).toBe(known.document.id)

    await system.services.files.restart()
    await vi.waitFor(async () => expect((await alice.delete(String(knownPath))).status).toBe(204), {
      timeout: 10_000,
    })
  })
})
