import { hash } from 'node:crypto'

import type { Digest, FileActOf, FileId } from '@curfew/one-time-claims'
import { describe, expect, it } from 'vitest'

import { checkUpload, type UploadHeaders } from './upload-limits.ts'

const SERVER_MAX = 1_000
const SHA256 = hash('sha256', 'x', 'base64')
const SHA512 = hash('sha512', 'x', 'base64')
const file = 'F'.repeat(22) as FileId
const act = (changes: Partial<FileActOf<'upload'>> = {}): FileActOf<'upload'> => ({
  op: 'upload',
  file,
  ...changes,
})
const headers = (changes: Partial<UploadHeaders> = {}): UploadHeaders => ({
  contentType: undefined,
  contentLength: undefined,
  contentEncoding: undefined,
  contentRange: undefined,
  contentDigest: undefined,
  reprDigest: undefined,
  trailer: undefined,
  ...changes,
})
const kindOf = (a: FileActOf<'upload'>, h: UploadHeaders): string => checkUpload(a, h, SERVER_MAX).kind

describe('an upload', () => {
  it('is refused a digest that is to follow it: nobody would read it', () => {
    for (const trailer of ['Content-Digest', 'x-sum ,\tREPR-DIGEST'])
      expect(kindOf(act(), headers({ trailer }))).toBe('digest-in-trailer')
    expect(kindOf(act(), headers({ trailer: 'x-sum, \u00a0content-digest' }))).toBe('limits')
  })

  it('is of the type of its claim only with the blanks that a header has', () => {
    const claimed = act({ content_type: 'text/plain; charset=utf-8' })
    expect(kindOf(claimed, headers({ contentType: 'text/plain\t;charset=utf-8' }))).toBe('limits')
    expect(kindOf(claimed, headers({ contentType: 'text/plain\u00a0;charset=utf-8' }))).toBe('wrong-type')
  })

  it('is limited by its claim, and by the server where the claim says nothing or more', () => {
    const digests = [{ algorithm: 'sha-256', base64: SHA256 }]
    const claim = act({ min_bytes: 5, max_bytes: 10, digest: `sha-256=:${SHA256}:` as Digest })
    expect(checkUpload(claim, headers(), SERVER_MAX)).toEqual({
      kind: 'limits',
      limits: { contentType: 'application/octet-stream', minBytes: 5, maxBytes: 10, digests },
    })
    expect(checkUpload(act({ max_bytes: 0 }), headers(), SERVER_MAX)).toMatchObject({
      limits: { maxBytes: 0 },
    })
    expect(checkUpload(act(), headers(), SERVER_MAX)).toMatchObject({ limits: { maxBytes: SERVER_MAX } })
    expect(checkUpload(act({ max_bytes: 5_000 }), headers(), SERVER_MAX)).toMatchObject({
      limits: { maxBytes: SERVER_MAX },
    })
  })

  it('that announces too much is refused unread', () => {
    expect(kindOf(act({ max_bytes: 10 }), headers({ contentLength: 10 }))).toBe('limits')
    expect(kindOf(act({ max_bytes: 10 }), headers({ contentLength: 11 }))).toBe('too-large')
    expect(kindOf(act(), headers({ contentLength: SERVER_MAX + 1 }))).toBe('too-large')
  })

  it('that announces too little is refused unread', () => {
    expect(kindOf(act({ min_bytes: 10 }), headers({ contentLength: 10 }))).toBe('limits')
    expect(kindOf(act({ min_bytes: 10 }), headers({ contentLength: 9 }))).toBe('too-small')
    expect(kindOf(act({ min_bytes: 10 }), headers())).toBe('limits')
  })

  it('has to be what its claim and each of its digests say', () => {
    const fields = { contentDigest: `sha-512=:${SHA512}:`, reprDigest: `md5=:AAAA:, sha-256=:${SHA256}:` }
    expect(checkUpload(act(), headers(fields), SERVER_MAX)).toMatchObject({
      limits: {
        digests: [
          { algorithm: 'sha-512', base64: SHA512 },
          { algorithm: 'sha-256', base64: SHA256 },
        ],
      },
    })
  })

  it('is refused unread when no content can be what is said of it', () => {
    const other = `sha-256=:${hash('sha256', 'y', 'base64')}:`
    const digest = `sha-256=:${SHA256}:` as Digest
    expect(kindOf(act({ digest }), headers({ contentDigest: digest }))).toBe('limits')
    expect(kindOf(act({ digest }), headers({ contentDigest: other }))).toBe('other-digest')
    expect(kindOf(act(), headers({ contentDigest: digest, reprDigest: other }))).toBe('other-digest')
    expect(kindOf(act(), headers({ contentDigest: 'sha-256=:AAAA:' }))).toBe('malformed-digest')
    expect(kindOf(act(), headers({ reprDigest: 'sha-256' }))).toBe('malformed-digest')
  })

  it('of a part, or of encoded content, is refused', () => {
    expect(kindOf(act(), headers({ contentRange: 'bytes 0-9/100' }))).toBe('partial')
    expect(kindOf(act(), headers({ contentEncoding: 'gzip' }))).toBe('encoded')
    expect(kindOf(act(), headers({ contentEncoding: 'Identity' }))).toBe('limits')
  })

  it.each([
    ['text/plain', undefined, 'text/plain'],
    ['text/plain', 'text/plain', 'text/plain'],
    ['text/plain; charset=utf-8', 'Text/Plain;charset=UTF-8', 'text/plain; charset=utf-8'],
    [undefined, 'image/png', 'image/png'],
    [undefined, undefined, 'application/octet-stream'],
  ])('claimed as %s and sent as %s is stored as %s', (claimed, sent, stored) => {
    const claim = act(claimed === undefined ? {} : { content_type: claimed })
    expect(checkUpload(claim, headers({ contentType: sent }), SERVER_MAX)).toMatchObject({
      limits: { contentType: stored },
    })
  })

  it.each([
    ['text/plain', 'text/html'],
    ['text/plain', 'text/plain; charset=utf-8'],
    ['text/plain', ''],
    [undefined, 'text'],
    [undefined, 'text/html\t'],
    [undefined, `text/${'x'.repeat(200)}`],
  ])('claimed as %s is refused when sent as %s', (claimed, sent) => {
    const claim = act(claimed === undefined ? {} : { content_type: claimed })
    expect(kindOf(claim, headers({ contentType: sent }))).toBe('wrong-type')
  })
})
