/**
 * ⑥ Signs one-time claims with the key of the minting service that is in force, and publishes the public halves.
 * Promise: a claim carries what it allows and for how long, never more than five minutes.
 */
import { randomBytes } from 'node:crypto'

import { subjectKey, type Permission, type SessionId, type Subject } from '@curfew/contracts'
import type { JWK } from 'jose'

import type { FileAct } from './act.ts'
import { CLAIM_AUDIENCE, MAX_CLAIM_LIFETIME_SECONDS, claimPayload } from './claim.ts'
import type { SigningKey } from './signing-key.ts'

/** Which keys a service has at a moment. */
export interface ClaimKeys {
  /** Signs what is minted now. */
  inForce(nowMs: number): SigningKey
  /** Verify what is minted now, was minted a while ago, and will be minted soon. */
  published(nowMs: number): readonly SigningKey[]
}

export interface ClaimSignerOptions {
  /** This service's own public base URL. */
  readonly issuer: string
  /** Used for nothing else: of a key directory, or one key for ever (`fixedKey`). */
  readonly keys: ClaimKeys
  readonly lifetimeSeconds: number
}

export interface ClaimRequest {
  readonly subject: Subject
  /** The session on whose behalf the claim is minted: the claim dies with it. */
  readonly session: SessionId
  /** On what the service has allowed it: withdrawn with it. */
  readonly permission?: Permission
  readonly act: FileAct
}

export interface MintedClaim {
  readonly claim: string
  readonly expiresAt: Date
}

export interface ClaimSigner {
  mint(request: ClaimRequest, now?: Date): Promise<MintedClaim>
  /** For `/.well-known/jwks.json`: public members only. */
  jwks(now?: Date): { readonly keys: readonly JWK[] }
}

/** @throws RangeError when the lifetime is out of bounds. */
export function createClaimSigner({ issuer, keys, lifetimeSeconds }: ClaimSignerOptions): ClaimSigner {
  if (
    !Number.isInteger(lifetimeSeconds) ||
    lifetimeSeconds < 1 ||
    lifetimeSeconds > MAX_CLAIM_LIFETIME_SECONDS
  )
    throw new RangeError(`a claim lives 1 to ${MAX_CLAIM_LIFETIME_SECONDS} seconds`)

  return {
    jwks: (now = new Date()) => ({ keys: keys.published(now.getTime()).map(({ publicJwk }) => publicJwk) }),
    mint: async ({ subject, session, permission, act }, now = new Date()) => {
      const iat = Math.floor(now.getTime() / 1000)
      // Rounded up, so that a claim of one second does not live for a few milliseconds; the cap holds all the same.
      const end = Math.ceil(now.getTime() / 1000) + lifetimeSeconds
      const payload = {
        iss: issuer,
        aud: CLAIM_AUDIENCE,
        sub: subjectKey(subject.tenant, subject.user),
        sid: session,
        jti: randomBytes(16).toString('base64url'),
        iat,
        nbf: iat,
        exp: Math.min(end, iat + MAX_CLAIM_LIFETIME_SECONDS),
        ...(permission !== undefined && { perm: permission }),
        act,
      }
      // A claim that no one will accept is a fault of the caller, found here and not by its user.
      if (!claimPayload.Check(payload)) throw new TypeError('the claim does not fit its schema')
      const claim = await keys.inForce(now.getTime()).sign(payload)
      return { claim, expiresAt: new Date(payload.exp * 1000) }
    },
  }
}
