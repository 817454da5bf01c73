/**
 * ⑦ What an upload may be, from its claim and its headers, before a byte of it is read.
 * Promise: what is certain to be refused is refused here, where it costs neither the claim nor the bytes.
 */
import { MediaTypeSchema, type FileActOf } from '@curfew/one-time-claims'
import { listItems, withoutBlanks } from '@curfew/service-kit'
import { Compile } from 'typebox/compile'

import type { UploadLimits } from '../ports.ts'
import { demandedDigests } from './integrity-fields.ts'

export interface UploadHeaders {
  readonly contentType: string | undefined
  readonly contentLength: number | undefined
  readonly contentEncoding: string | undefined
  readonly contentRange: string | undefined
  readonly contentDigest: string | undefined
  readonly reprDigest: string | undefined
  /** Names of the fields that are to follow the content. */
  readonly trailer: string | undefined
}

export type UploadCheck =
  | { readonly kind: 'limits'; readonly limits: UploadLimits }
  | {
      readonly kind:
        | 'partial'
        | 'encoded'
        | 'wrong-type'
        | 'too-small'
        | 'too-large'
        | 'malformed-digest'
        | 'other-digest'
        | 'digest-in-trailer'
    }

const mediaType = Compile(MediaTypeSchema)

export function checkUpload(
  act: FileActOf<'upload'>,
  headers: UploadHeaders,
  serverMaxBytes: number,
): UploadCheck {
  // RFC 9110 §14.5: a part must not be taken for the whole.
  if (headers.contentRange !== undefined) return { kind: 'partial' }
  if (headers.contentEncoding !== undefined && headers.contentEncoding.toLowerCase() !== 'identity')
    return { kind: 'encoded' }

  const contentType = agreedType(act.content_type, headers.contentType)
  if (contentType === undefined) return { kind: 'wrong-type' }

  const minBytes = act.min_bytes ?? 0
  const maxBytes = Math.min(act.max_bytes ?? serverMaxBytes, serverMaxBytes)
  if (headers.contentLength !== undefined && headers.contentLength > maxBytes) return { kind: 'too-large' }
  if (headers.contentLength !== undefined && headers.contentLength < minBytes) return { kind: 'too-small' }

  // Trailers are not read, and nobody should believe that the content was checked against one (RFC 9110 §6.5.1).
  const following = listItems((headers.trailer ?? '').toLowerCase())
  if (following.includes('content-digest') || following.includes('repr-digest'))
    return { kind: 'digest-in-trailer' }

  const fields = [act.digest, headers.contentDigest, headers.reprDigest].map((field) =>
    demandedDigests(field ?? ''),
  )
  const digests = fields.flatMap((field) => field ?? [])
  if (fields.includes(undefined)) return { kind: 'malformed-digest' }
  // No content can have two digests.
  const byAlgorithm = new Map(digests.map(({ algorithm, base64 }) => [algorithm, base64]))
  if (digests.some(({ algorithm, base64 }) => byAlgorithm.get(algorithm) !== base64))
    return { kind: 'other-digest' }
  return { kind: 'limits', limits: { contentType, minBytes, maxBytes, digests } }
}

/** The claim's word decides; a sender that says nothing agrees with it. */
function agreedType(claimed: string | undefined, sent: string | undefined): string | undefined {
  if (sent === undefined) return claimed ?? 'application/octet-stream'
  if (claimed !== undefined) return normalise(claimed) === normalise(sent) ? claimed : undefined
  return mediaType.Check(sent) ? sent : undefined
}

function normalise(type: string): string {
  return type.toLowerCase().split(';').map(withoutBlanks).join(';')
}
