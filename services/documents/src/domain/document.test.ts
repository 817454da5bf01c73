import type { TenantId, UserId } from '@curfew/contracts'
import type { Digest } from '@curfew/one-time-claims'
import { describe, expect, it } from 'vitest'

import { downloadOf, isDocumentId, newDocument, uploadOf } from './document.ts'

const alice = { tenant: 'acme' as TenantId, user: 'alice' as UserId }
const digest = 'sha-256=:x:' as Digest

describe('a new document', () => {
  const document = newDocument({ name: 'a.txt', contentType: 'text/plain' }, alice, 1_000)

  it('belongs to its creator’s tenant and has bytes nowhere yet', () => {
    expect(document).toEqual({
      id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      file: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      tenant: 'acme',
      name: 'a.txt',
      contentType: 'text/plain',
      createdAtMs: 1_000,
      createdBy: 'alice',
    })
    expect(document.id).not.toBe(document.file)
  })

  it('may be filled with as much as the service takes, when it says nothing else', () => {
    expect(uploadOf(document, 500)).toEqual({
      op: 'upload',
      file: document.file,
      max_bytes: 500,
      content_type: 'text/plain',
    })
  })

  it('may be filled only with what it says, even if that is nothing', () => {
    expect(uploadOf({ ...document, size: 0, digest }, 500)).toMatchObject({
      min_bytes: 0,
      max_bytes: 0,
      digest,
    })
  })

  it('is downloaded in the version that is known, under its own name', () => {
    expect(downloadOf(document, { size: 1, digest, etag: '"v"' })).toEqual({
      op: 'download',
      file: document.file,
      etag: '"v"',
      content_type: 'text/plain',
      name: 'a.txt',
    })
  })
})

it.each(['', 'a', 'A'.repeat(21), 'A'.repeat(23), `${'A'.repeat(21)}*`, `${'A'.repeat(22)}\n`, '../x'])(
  'sees that %j is no document id',
  (text) => expect(isDocumentId(text)).toBe(false),
)
