/**
 * Who plays in the hostile claims, and the good claim that each of them spoils in one place.
 */
import type { InvalidReason } from '../src/index.ts'
import type { KeyPair } from './forge.ts'

export interface Stage {
  readonly issuer: string
  readonly key: KeyPair
  /** A second configured issuer with a key of its own. */
  readonly otherIssuer: string
  readonly otherKey: KeyPair
  readonly nowSeconds: number
  /** A place that must never be asked. */
  readonly sink: string
}

export type Hostile = readonly [name: string, reason: InvalidReason, claim: string]

export type Members = Record<string, unknown>

export function goodHeader({ key }: Stage): Members {
  return { alg: 'Ed25519', typ: 'file-claim+jwt', kid: key.publicJwk.kid }
}

export function goodPayload({ issuer, nowSeconds }: Stage): Members {
  return {
    iss: issuer,
    aud: 'files',
    sub: 'acme/alice',
    sid: 'A'.repeat(22),
    jti: 'B'.repeat(22),
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + 60,
    act: { op: 'download', file: 'F'.repeat(22) },
  }
}
