import type { Digest, FileActOf, FileId } from '@curfew/one-time-claims'
import { describe, expect, it } from 'vitest'

import { checkUpload, type UploadHeaders } from './upload-limits.ts'

const SERVER_MAX = 1_000
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
  ...changes,
})
const kindOf = (a: FileActOf<'upload'>, h: UploadHeaders): string => checkUpload(a, h, SERVER_MAX).kind

describe('an upload', () => {
  it('is limited by its claim, and by the server where the claim says nothing or more', () => {
    const digest = 'sha-256=:AA:' as Digest
    expect(checkUpload(act({ max_bytes: 10, digest }), headers(), SERVER_MAX)).toEqual({
      kind: 'limits',
      limits: { contentType: 'application/octet-stream', maxBytes: 10, digest },
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
