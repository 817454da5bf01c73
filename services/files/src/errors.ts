/**
 * ⑦ How a refusal looks from outside: the table that the routes are held to.
 * Promise: whatever is wrong with a claim looks the same; whoever brings none is told which scheme to use and nothing else.
 */
import { Problem } from '@curfew/service-kit'

import type { Receipt } from './ports.ts'
import type { UploadCheck } from './domain/upload-limits.ts'

/** RFC 6750 §3: no error code for a request without a credential. */
export function claimMissing(): Problem {
  return new Problem('claim-invalid')
}

export function claimInvalid(): Problem {
  return new Problem('claim-invalid', undefined, {
    headers: { 'www-authenticate': 'Bearer realm="curfew", error="invalid_token"' },
  })
}

/** Somebody is being served under it; whoever wants to take up what broke off may find it free in a moment. */
export function claimUnderWay(): Problem {
  return new Problem('claim-spent', 'a delivery is under way', { headers: { 'retry-after': '1' } })
}

export function outsideOf(size: number): Problem {
  return new Problem('range-not-satisfiable', undefined, { headers: { 'content-range': `bytes */${size}` } })
}

export function sentTwice(): Problem {
  return new Problem('bad-request', 'send the claim once')
}

/** The browser only thinks that its user may want this. */
export function prefetchRefused(): Problem {
  return new Problem('prefetch-refused')
}

/** Chats, scanners of mail and crawlers follow links, and say so or not: following one is no wish for the file. */
export function linkRefused(): Problem {
  return new Problem('prefetch-refused', 'send the claim as a form field or a bearer token')
}

export function preconditionFailed(): Problem {
  return new Problem('precondition-failed')
}

export function uploadRefused(kind: Exclude<UploadCheck['kind'], 'limits'>): Problem {
  switch (kind) {
    case 'partial':
      return new Problem('bad-request', 'a part cannot be uploaded, only the whole')
    case 'encoded':
      // RFC 9110 §15.5.16: tells this refusal from that of a media type.
      return new Problem('unsupported-media-type', 'the content must not be encoded', {
        headers: { 'accept-encoding': 'identity' },
      })
    case 'wrong-type':
      return new Problem('unsupported-media-type', 'the content type is not the one that the claim allows')
    case 'too-small':
      return new Problem('size-mismatch')
    case 'too-large':
      return new Problem('payload-too-large')
    case 'malformed-digest':
      return new Problem('bad-request', 'a digest of the content is not written as RFC 9530 says')
    case 'digest-in-trailer':
      return new Problem('bad-request', 'a digest of the content has to come before it, not in a trailer')
    case 'other-digest':
      return new Problem('digest-mismatch')
  }
}

export function receiptRefused(kind: Exclude<Receipt['kind'], 'stored'>): Problem {
  switch (kind) {
    case 'exists':
      return alreadyStored()
    case 'removed':
      return removedBefore()
    case 'too-large':
      return new Problem('payload-too-large')
    case 'too-small':
      return new Problem('size-mismatch')
    case 'digest-mismatch':
      return new Problem('digest-mismatch')
    case 'full':
      return new Problem('storage-full')
    case 'broken-off':
      return new Problem('bad-request', 'the upload broke off')
  }
}

export function removedBefore(): Problem {
  return new Problem('conflict', 'the file has been deleted')
}

export function alreadyStored(): Problem {
  return new Problem('conflict', 'the file has its content already')
}
