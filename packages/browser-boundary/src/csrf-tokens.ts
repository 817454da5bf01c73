/**
 * ① Anti-forgery values for sessions that live in cookies.
 * Promise: a value is good for one session under one secret; rotating the token or logging in again ends it.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

import { hashSecret, parseToken, type SecretHash, type SessionId } from '@curfew/contracts'

/** What a value is bound to. */
export interface CsrfBinding {
  readonly session: SessionId
  readonly secretHash: SecretHash
}

/** Undefined for what is not a session token. */
export function csrfBindingOf(token: string): CsrfBinding | undefined {
  const parsed = parseToken(token)
  if (parsed?.kind !== 'session') return undefined
  return { session: parsed.sessionId, secretHash: hashSecret(parsed.secret) }
}

export interface CsrfTokens {
  issue(binding: CsrfBinding): string
  accepts(presented: string, binding: CsrfBinding): boolean
}

const SHAPE = /^([A-Za-z0-9_-]{22})([A-Za-z0-9_-]{43})$/

export function createCsrfTokens(key: Buffer): CsrfTokens {
  const sign = (nonce: string, { session, secretHash }: CsrfBinding): string =>
    createHmac('sha256', key).update(`csrf\0${nonce}\0${session}\0${secretHash}`).digest('base64url')

  return {
    issue(binding) {
      // Another value each time, so that compression beside attacker-chosen text has nothing constant to find.
      const nonce = randomBytes(16).toString('base64url')
      return nonce + sign(nonce, binding)
    },
    accepts(presented, binding) {
      const [, nonce, signature] = SHAPE.exec(presented) ?? []
      if (nonce === undefined || signature === undefined) return false
      // Constant time: here the expected value is itself what a forger is after.
      return timingSafeEqual(Buffer.from(signature), Buffer.from(sign(nonce, binding)))
    },
  }
}
