/**
 * ⑦ The public keys of one configured issuer, fetched from its JWKS and nowhere else.
 * Promise: no claim makes this service fetch a place of the claim's choosing, or its issuer more than now and then; keys that
 * cannot be had are 'unavailable', never a verdict on the claim.
 */
import { createRemoteJWKSet, customFetch, errors, type CryptoKey } from 'jose'

import type { ClaimAlgorithm } from './claim.ts'

const FETCH_TIMEOUT_MS = 2_000
/** A new key is found this soon after it is published, and unknown key ids cost the issuer one request in this time. */
const COOL_DOWN_MS = 10_000
/** A withdrawn key is gone everywhere after this time. */
const MAX_AGE_MS = 60_000
/** jose cools down after success only; this holds after failure too, so that an outage is not answered with a flood. */
const RETRY_AFTER_MS = 1_000

export type KeyLookup =
  | { readonly kind: 'found'; readonly key: CryptoKey }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unavailable'; readonly cause: unknown }

export interface KeySet {
  /** A key that is published for another algorithm is as good as unknown. */
  find(keyId: string, algorithm: ClaimAlgorithm): Promise<KeyLookup>
}

export function createKeySet(jwksUrl: URL): KeySet {
  let nextFetchAtMs = 0
  const keys = createRemoteJWKSet(jwksUrl, {
    timeoutDuration: FETCH_TIMEOUT_MS,
    cooldownDuration: COOL_DOWN_MS,
    cacheMaxAge: MAX_AGE_MS,
    [customFetch]: (url, options) => {
      const nowMs = performance.now()
      if (nowMs < nextFetchAtMs) return Promise.reject(new Error('the key set was asked for a moment ago'))
      nextFetchAtMs = nowMs + RETRY_AFTER_MS
      return fetch(url, options)
    },
  })
  return {
    find: async (keyId, algorithm) => {
      try {
        return { kind: 'found', key: await keys({ alg: algorithm, kid: keyId }) }
      } catch (error) {
        if (error instanceof errors.JWKSNoMatchingKey) return { kind: 'unknown' }
        // Everything else is the issuer's or the network's fault: no answer, a broken set, two keys under one id.
        return { kind: 'unavailable', cause: error }
      }
    },
  }
}
