/**
 * ⑦ How stored bytes are announced (RFC 9110, RFC 6266, RFC 9530).
 * Promise: whatever was uploaded is inert in a browser: saved under an encoded name, never sniffed, never run, never cached.
 */
import type { Digest, FileActOf } from '@curfew/one-time-claims'

import type { StoredFile } from '../ports.ts'
import { contentDisposition } from './content-disposition.ts'

/** Strong, and the same on every replica, because it is the digest of the content. */
export function entityTag(digest: Digest): string {
  const [, base64 = ''] = digest.split(':')
  return `"${Buffer.from(base64, 'base64').toString('base64url')}"`
}

export function representationHeaders(
  file: StoredFile,
  act: FileActOf<'download'>,
): Readonly<Record<string, string>> {
  return {
    ...versionHeaders(file),
    'content-type': act.content_type ?? file.contentType,
    'content-length': String(file.size),
    'content-disposition': contentDisposition(act.name),
    // Of the whole, also when a part is sent (RFC 9530 §2).
    'repr-digest': file.digest,
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
  }
}

/** Of a part, besides those of the whole. */
export function partHeaders(
  { from, until }: { readonly from: number; readonly until: number },
  size: number,
): Readonly<Record<string, string>> {
  return { 'content-range': `bytes ${from}-${until - 1}/${size}`, 'content-length': String(until - from) }
}

/** What also goes with an answer that has no bytes. */
export function versionHeaders(file: StoredFile): Readonly<Record<string, string>> {
  return { etag: entityTag(file.digest), 'accept-ranges': 'bytes', 'cache-control': 'no-store' }
}
