/**
 * ⑦ Reads the three parts of a compact JWS as the hostile input they are, before any key is looked for.
 * Promise: bounded work, no throw, and one reading only: whatever two parsers could read differently is refused (RFC 8725 §3.3, §3.7).
 */
import { CLAIM_TYPE, MAX_CLAIM_CHARACTERS, claimHeader, claimPayload } from './claim.ts'
import type { ClaimAlgorithm, ClaimPayload } from './claim.ts'

export type Decoded =
  | {
      readonly kind: 'decoded'
      readonly algorithm: ClaimAlgorithm
      readonly keyId: string
      readonly payload: ClaimPayload
    }
  | { readonly kind: 'invalid'; readonly reason: 'malformed' | 'header' | 'algorithm' | 'type' | 'content' }

// Signatures of both algorithms have 64 bytes.
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]{86}$/

export function decodeClaim(claim: string, algorithms: readonly ClaimAlgorithm[]): Decoded {
  if (claim.length > MAX_CLAIM_CHARACTERS) return invalid('malformed')
  const [, headerPart, payloadPart] = COMPACT.exec(claim) ?? []
  if (headerPart === undefined || payloadPart === undefined) return invalid('malformed')

  const headerJson = readJson(headerPart)
  const payloadJson = readJson(payloadPart)
  if (headerJson === undefined || payloadJson === undefined) return invalid('malformed')

  // The closed shape also refuses jwk, jku, x5u, x5c, crit, b64 and zip: none of them is ever acted upon.
  const header = headerJson.value
  if (!claimHeader.Check(header) || hasRepeatedMember(headerJson)) return invalid('header')
  const algorithm = algorithms.find((each) => each === header.alg)
  if (algorithm === undefined) return invalid('algorithm')
  if (header.typ !== CLAIM_TYPE) return invalid('type')

  const payload = payloadJson.value
  if (!claimPayload.Check(payload) || hasRepeatedMember(payloadJson)) return invalid('content')
  return { kind: 'decoded', algorithm, keyId: header.kid, payload }
}

function invalid(reason: (Decoded & { kind: 'invalid' })['reason']): Decoded {
  return { kind: 'invalid', reason }
}

interface Json {
  readonly text: string
  readonly value: unknown
}

function readJson(part: string): Json | undefined {
  const bytes = Buffer.from(part, 'base64url')
  // Several spellings decode to the same bytes; only the one that encodes back is accepted.
  if (bytes.toString('base64url') !== part) return undefined
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { text, value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

/** Counts what is written against what was understood; asked only of checked values, so the depth is known to be small. */
function hasRepeatedMember({ text, value }: Json): boolean {
  let written = 0
  // In valid JSON a string that a colon follows is a member name. Other strings are matched so that they are stepped over.
  for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) written += 1
  return written !== countMembers(value)
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce<number>((sum, member) => sum + 1 + countMembers(member), 0)
}
