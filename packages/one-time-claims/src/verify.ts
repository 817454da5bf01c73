/**
 * ⑦ Decides whether a claim was minted by a configured issuer for this service and this moment.
 * Promise: a straight run of refusals, the cheap ones first; nothing in the claim chooses its key, its algorithm or its lifetime.
 */
import { parseSubject } from '@curfew/contracts'
import { compactVerify, errors } from 'jose'

import { MAX_CLAIM_LIFETIME_SECONDS } from './claim.ts'
import type { ClaimAlgorithm, ClaimPayload, FileClaim } from './claim.ts'
import { decodeClaim, type Decoded } from './decode.ts'
import { createKeySet } from './key-set.ts'

/** For logs and metrics; outside, all of them look the same. */
export type InvalidReason =
  | (Decoded & { kind: 'invalid' })['reason']
  | 'issuer'
  | 'audience'
  | 'subject'
  | 'lifetime'
  | 'expired'
  | 'not-yet-valid'
  | 'unknown-key'
  | 'signature'

export type ClaimVerdict =
  | { readonly kind: 'valid'; readonly claim: FileClaim }
  | { readonly kind: 'invalid'; readonly reason: InvalidReason }
  /** The issuer's keys cannot be had: the claim may be good or bad. */
  | { readonly kind: 'unavailable'; readonly cause: unknown }

export interface ClaimVerifierOptions {
  readonly audience: string
  /** Issuer → its JWKS, the only source of keys. */
  readonly issuers: ReadonlyMap<string, URL>
  /** How far an issuer's clock may run ahead of this one. Expiry is never stretched. */
  readonly clockToleranceSeconds: number
  /** Ed25519 alone when not given. */
  readonly algorithms?: readonly ClaimAlgorithm[]
}

export interface ClaimVerifier {
  /** Never rejects. */
  verify(claim: string, now?: Date): Promise<ClaimVerdict>
}

export function createClaimVerifier(options: ClaimVerifierOptions): ClaimVerifier {
  const { audience, clockToleranceSeconds, algorithms = ['Ed25519'] } = options
  const keySets = new Map([...options.issuers].map(([issuer, url]) => [issuer, createKeySet(url)]))

  return {
    verify: async (text, now = new Date()) => {
      const decoded = decodeClaim(text, algorithms)
      if (decoded.kind === 'invalid') return decoded
      const { payload, keyId, algorithm } = decoded

      const keys = keySets.get(payload.iss)
      if (keys === undefined) return invalid('issuer')
      if (payload.aud !== audience) return invalid('audience')
      const untimely = refuseByTime(payload, now.getTime() / 1000, clockToleranceSeconds)
      if (untimely !== undefined) return invalid(untimely)
      const subject = parseSubject(payload.sub)
      if (subject === undefined) return invalid('subject')

      const lookup = await keys.find(keyId, algorithm)
      if (lookup.kind === 'unavailable') return lookup
      if (lookup.kind === 'unknown') return invalid('unknown-key')
      try {
        await compactVerify(text, lookup.key, { algorithms: [algorithm] })
      } catch (error) {
        return error instanceof errors.JOSEError
          ? invalid('signature')
          : { kind: 'unavailable', cause: error }
      }
      const {
        iss: issuer,
        jti: claimId,
        sid: session,
        perm: permission,
        act,
        exp: expiresAtSeconds,
      } = payload
      const claim: FileClaim = { issuer, claimId, subject, session, permission, act, expiresAtSeconds }
      return { kind: 'valid', claim }
    },
  }
}

function invalid(reason: InvalidReason): ClaimVerdict {
  return { kind: 'invalid', reason }
}

/** @param nowSeconds with its fraction: a claim is over at the instant of `exp`, not a second later */
function refuseByTime(
  { iat, nbf, exp }: ClaimPayload,
  nowSeconds: number,
  toleranceSeconds: number,
): InvalidReason | undefined {
  if (exp <= iat || exp <= nbf || exp - iat > MAX_CLAIM_LIFETIME_SECONDS) return 'lifetime'
  if (exp <= nowSeconds) return 'expired'
  const latestStartSeconds = nowSeconds + toleranceSeconds
  return iat > latestStartSeconds || nbf > latestStartSeconds ? 'not-yet-valid' : undefined
}
