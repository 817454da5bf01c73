/**
 * ⑦ The preconditions of a request (RFC 9110 §13), in the order of §13.2.2.
 * Promise: judged for every method alike, before a claim is spent. The conditions with dates are ignored, as the RFC demands
 * where no date of modification is known: a date here would be that of a disk, and not the same on every replica.
 */
import { withoutBlanks } from '@curfew/service-kit'

export interface Preconditions {
  readonly ifMatch: string | undefined
  readonly ifNoneMatch: string | undefined
}

export type Verdict = 'go-on' | 'not-modified' | 'failed'

/** @param etag of what is there now; undefined when nothing is */
export function judge(
  method: string,
  { ifMatch, ifNoneMatch }: Preconditions,
  etag: string | undefined,
): Verdict {
  if (ifMatch !== undefined && !names(ifMatch, etag, 'strongly')) return 'failed'
  if (ifNoneMatch === undefined || !names(ifNoneMatch, etag, 'weakly')) return 'go-on'
  return method === 'GET' || method === 'HEAD' ? 'not-modified' : 'failed'
}

const LIST = /^[\t ,]*(?:(?:W\/)?"[!#-~\x80-\xff]*"[\t ]*(?:,[\t ,]*|$))+$/
const TAG = /(W\/)?("[!#-~\x80-\xff]*")/g

/** A field that is not a list of entity tags matches nothing: no part of it can be trusted. */
function names(field: string, etag: string | undefined, compare: 'strongly' | 'weakly'): boolean {
  if (etag === undefined) return false
  if (withoutBlanks(field) === '*') return true
  if (!LIST.test(field)) return false
  return [...field.matchAll(TAG)].some(
    ([, weak, tag]) => tag === etag && (compare === 'weakly' || weak === undefined),
  )
}
