/**
 * ⑥ Signs one-time claims with the minting service's own Ed25519 key, and publishes the public half.
 * Promise: a claim carries what it allows and for how long, never more than five minutes; the private key stays in this closure.
 */
import { randomBytes } from 'node:crypto'

import { subjectKey, type Permission, type SessionId, type Subject } from '@curfew/contracts'
import { CompactSign, importJWK, type CryptoKey, type JWK } from 'jose'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

import type { FileAct } from './act.ts'
import {
  CLAIM_ALGORITHM,
  CLAIM_AUDIENCE,
  CLAIM_TYPE,
  KeyIdSchema,
  MAX_CLAIM_LIFETIME_SECONDS,
  claimPayload,
} from './claim.ts'

export interface ClaimSignerOptions {
  /** This service's own public base URL. */
  readonly issuer: string
  /** Private Ed25519 key with `kid`, used for nothing else. */
  readonly privateJwk: unknown
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
  readonly jwks: { readonly keys: readonly JWK[] }
}

const HalfKey = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })
const privateKeyShape = Compile(
  Type.Object({
    kty: Type.Literal('OKP'),
    crv: Type.Literal('Ed25519'),
    x: HalfKey,
    d: HalfKey,
    kid: KeyIdSchema,
  }),
)

/** @throws TypeError when the key is not a private Ed25519 key with `kid`; RangeError when the lifetime is out of bounds. */
export async function createClaimSigner(options: ClaimSignerOptions): Promise<ClaimSigner> {
  const { issuer, privateJwk: jwk, lifetimeSeconds } = options
  if (
    !Number.isInteger(lifetimeSeconds) ||
    lifetimeSeconds < 1 ||
    lifetimeSeconds > MAX_CLAIM_LIFETIME_SECONDS
  )
    throw new RangeError(`a claim lives 1 to ${MAX_CLAIM_LIFETIME_SECONDS} seconds`)
  if (!privateKeyShape.Check(jwk))
    throw new TypeError('the signing key is not a private Ed25519 JWK with kid')

  const { kty, crv, x, d, kid } = jwk
  const publicJwk: JWK = { kty, crv, x, kid, alg: CLAIM_ALGORITHM, use: 'sig' }
  const privateKey = await importPrivateKey({ kty, crv, x, d })
  const sign = (payload: object): Promise<string> =>
    new CompactSign(Buffer.from(JSON.stringify(payload)))
      .setProtectedHeader({ alg: CLAIM_ALGORITHM, typ: CLAIM_TYPE, kid })
      .sign(privateKey)

  return {
    jwks: { keys: [publicJwk] },
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
      return { claim: await sign(payload), expiresAt: new Date(payload.exp * 1000) }
    },
  }
}

/** The import refuses a pair whose halves do not belong together: such a key would mint claims that nobody accepts. */
async function importPrivateKey(jwk: JWK & { kty: 'OKP' }): Promise<CryptoKey> {
  try {
    return await importJWK(jwk, CLAIM_ALGORITHM)
  } catch (cause) {
    throw new TypeError('the signing key cannot be used', { cause })
  }
}
