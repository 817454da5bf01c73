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
    'content-type': act.content_type ?? file.contentType,
    'content-length': String(file.size),
    'content-disposition': contentDisposition(act.name),
    etag: entityTag(file.digest),
    'repr-digest': file.digest,
    // A claim is spent by one whole delivery.
    'accept-ranges': 'none',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "sandbox; default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
  }
}
