/**
 * ⑦ What a sender says of the digest of its content: `Content-Digest` and `Repr-Digest` (RFC 9530), which are the same here,
 * because encoded content and parts are refused.
 * Promise: each SHA-256 and SHA-512 that is named is demanded, other algorithms are ignored as the RFC says; a field that does
 * not parse is a fault, because its sender wanted the content to be checked.
 */
import { withoutBlanks } from '@curfew/service-kit'

export interface DemandedDigest {
  readonly algorithm: 'sha-256' | 'sha-512'
  /** Canonical, so that equal digests are equal strings. */
  readonly base64: string
}

const BYTES = { 'sha-256': 32, 'sha-512': 64 } as const

/** A dictionary of structured fields (RFC 9651 §3.2): a key, its value, and parameters of it. */
const KEY = '[a-z*][a-z0-9_.*-]*'
const STRING = String.raw`"(?:[ !#-\[\]-~]|\\["\\])*"`
const ITEM = String.raw`(?::[A-Za-z0-9+/=]*:|${STRING}|[?]?[A-Za-z0-9*.-][!#$%&'*+.^_|~:/A-Za-z0-9\x60-]*)`
const PARAMETERS = `(?:;[ ]*${KEY}(?:=${ITEM})?)*`
const MEMBER = new RegExp(`(${KEY})(?:=(${ITEM}))?${PARAMETERS}[ \\t]*(?:,[ \\t]*|$)`, 'y')

/** @returns undefined when the field is no dictionary, or names one of the algorithms without a digest of its length */
export function demandedDigests(field: string): readonly DemandedDigest[] | undefined {
  const text = withoutBlanks(field)
  const demanded = new Map<string, DemandedDigest>()
  let at = 0
  while (at < text.length) {
    MEMBER.lastIndex = at
    const [member, name = '', value = ''] = MEMBER.exec(text) ?? []
    if (member === undefined) return undefined
    at += member.length
    if (name !== 'sha-256' && name !== 'sha-512') continue
    const bytes = Buffer.from(/^:(.*):$/.exec(value)?.[1] ?? '', 'base64')
    if (bytes.length !== BYTES[name]) return undefined
    // Of a name that comes twice the last one counts.
    demanded.set(name, { algorithm: name, base64: bytes.toString('base64') })
  }
  return text.endsWith(',') ? undefined : [...demanded.values()]
}
