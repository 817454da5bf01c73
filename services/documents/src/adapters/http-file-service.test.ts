import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { SessionId, Subject } from '@curfew/contracts'
import type { FileId } from '@curfew/one-time-claims'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import type { Caller, ClaimMint, FileService } from '../ports.ts'
import { createHttpFileService } from './http-file-service.ts'

const file = 'F'.repeat(22) as FileId
const digest = 'sha-256=:PgConU8oGKK5SXwSUxZvCU7wQLrl6jwu9EsLhxsoLWU=:'
const caller: Caller = {
  subject: { tenant: 'acme', user: 'alice' } as Subject,
  session: 'S'.repeat(22) as SessionId,
  requestId: 'request-1',
}
const mint = vi.fn<ClaimMint['mint']>().mockResolvedValue({ claim: 'the-claim', expiresAt: new Date(0) })

let answer: (response: ServerResponse) => void = (response) => response.end()
let seen: IncomingMessage | undefined
const server = createServer((request, response) => {
  seen = request
  answer(response)
})
let files: FileService
beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  files = createHttpFileService(
    { inside: `http://127.0.0.1:${port}`, outside: 'https://files.example' },
    { mint, jwks: () => ({ keys: [] }) },
  )
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
const answerWith = (status: number, headers: Record<string, string> = {}): void => {
  answer = (response) => response.writeHead(status, headers).end()
}

describe('looking', () => {
  it('asks with a claim of the caller for this file, and hands on the request id', async () => {
    answerWith(404)
    await files.look(file, caller)
    expect(mint).toHaveBeenLastCalledWith({ op: 'download', file }, caller)
    expect([seen?.method, seen?.url]).toEqual(['HEAD', `/files/${file}`])
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer the-claim', 'x-request-id': 'request-1' })
  })

  it('finds what is stored', async () => {
    answerWith(200, { 'content-length': '20', etag: '"v"', 'repr-digest': digest })
    expect(await files.look(file, caller)).toEqual({
      kind: 'stored',
      content: { size: 20, etag: '"v"', digest },
    })
  })

  it('finds nothing only when it is told so', async () => {
    answerWith(404)
    expect(await files.look(file, caller)).toEqual({ kind: 'absent' })
  })

  it.each([
    [200, {}],
    [200, { 'content-length': '20', etag: 'W/"v"', 'repr-digest': digest }],
    [200, { 'content-length': '20', etag: '"v"', 'repr-digest': 'md5=:x:' }],
    [204, { 'content-length': '20', etag: '"v"', 'repr-digest': digest }],
    [302, { location: '/elsewhere' }],
    [401, {}],
    [403, {}],
    [500, {}],
    [503, {}],
  ])('takes %i %j for no answer', async (status, headers) => {
    answerWith(status, headers)
    expect(await files.look(file, caller)).toMatchObject({ kind: 'unavailable' })
  })

  it('does not wait for ever', async () => {
    answer = () => undefined
    expect(await files.look(file, caller)).toMatchObject({ kind: 'unavailable' })
  })
})

describe('removing', () => {
  it.each([
    [204, 'gone'],
    [404, 'gone'],
    [403, 'withdrawn'],
    [200, 'unavailable'],
    [401, 'unavailable'],
    [409, 'unavailable'],
    [503, 'unavailable'],
  ])('answered %i means %s', async (status, kind) => {
    answerWith(status)
    expect(await files.remove(file, caller)).toMatchObject({ kind })
    expect(mint).toHaveBeenLastCalledWith({ op: 'delete', file }, caller)
    expect(seen?.method).toBe('DELETE')
  })
})

it('finds nobody where nobody listens', async () => {
  const nobody = createHttpFileService(
    { inside: 'http://127.0.0.1:9', outside: 'https://files.example' },
    { mint, jwks: () => ({ keys: [] }) },
  )
  expect(await nobody.look(file, caller)).toMatchObject({ kind: 'unavailable' })
  expect(await nobody.remove(file, caller)).toMatchObject({ kind: 'unavailable' })
})

it('sends callers to the address that they can reach', () => {
  expect(files.urlOf(file)).toBe(`https://files.example/files/${file}`)
})
