/**
 * ⑥ One private key of a minting service: made, read from its JWK, and used.
 * Promise: one algorithm for a key; the private half stays in this closure, and no error quotes it.
 */
import { hash, generateKeyPairSync } from 'node:crypto'

import { CompactSign, importJWK, type CryptoKey, type JWK } from 'jose'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

import { CLAIM_TYPE, KeyIdSchema, type ClaimAlgorithm } from './claim.ts'

export interface SigningKey {
  readonly keyId: string
  /** With `alg` and `use`; public members only. */
  readonly publicJwk: JWK
  sign(payload: object): Promise<string>
}

const HalfKey = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })
const PrivateJwkSchema = Type.Union([
  Type.Object({
    kty: Type.Literal('OKP'),
    crv: Type.Literal('Ed25519'),
    x: HalfKey,
    d: HalfKey,
    kid: KeyIdSchema,
  }),
  Type.Object({
    kty: Type.Literal('EC'),
    crv: Type.Literal('P-256'),
    x: HalfKey,
    y: HalfKey,
    d: HalfKey,
    kid: KeyIdSchema,
  }),
])
export type PrivateJwk = Static<typeof PrivateJwkSchema>
const privateJwkShape = Compile(PrivateJwkSchema)

/** A new key; its id is the thumbprint of RFC 7638. */
export function generateSigningJwk(algorithm: ClaimAlgorithm): PrivateJwk {
  const { privateKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('ed25519')
  const { kty, crv, x, y, d } = privateKey.export({ format: 'jwk' })
  // The members of the thumbprint in the order that the RFC demands; JSON leaves out `y` where there is none.
  const kid = hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url')
  return privateJwkShape.Parse({ kty, crv, x, ...(y !== undefined && { y }), d, kid })
}

/** @throws TypeError when it is not a private JWK of Ed25519 or P-256 with `kid`, or its halves do not belong together. */
export async function importSigningKey(jwk: unknown): Promise<SigningKey> {
  if (!privateJwkShape.Check(jwk))
    throw new TypeError('the signing key is not a private JWK of Ed25519 or P-256 with kid')
  const algorithm: ClaimAlgorithm = jwk.kty === 'EC' ? 'ES256' : 'Ed25519'
  const { kid } = jwk
  const privateKey = await importPrivateKey(jwk, algorithm)
  return {
    keyId: kid,
    publicJwk: { ...publicHalf(jwk), kid, alg: algorithm, use: 'sig' },
    sign: (payload) =>
      new CompactSign(Buffer.from(JSON.stringify(payload)))
        .setProtectedHeader({ alg: algorithm, typ: CLAIM_TYPE, kid })
        .sign(privateKey),
  }
}

/** One key for ever, for who keeps his keys elsewhere. @throws TypeError as importSigningKey does */
export async function fixedKey(jwk: unknown): Promise<{
  inForce(): SigningKey
  published(): readonly SigningKey[]
}> {
  const key = await importSigningKey(jwk)
  return { inForce: () => key, published: () => [key] }
}

function publicHalf(jwk: PrivateJwk): JWK {
  const { kty, crv, x } = jwk
  return jwk.kty === 'EC' ? { kty, crv, x, y: jwk.y } : { kty, crv, x }
}

/** The import refuses a pair whose halves do not belong together: such a key would mint claims that nobody accepts. */
async function importPrivateKey(jwk: PrivateJwk, algorithm: ClaimAlgorithm): Promise<CryptoKey> {
  try {
    return await importJWK({ ...publicHalf(jwk), d: jwk.d } as JWK & { kty: 'OKP' }, algorithm)
  } catch (cause) {
    throw new TypeError('the signing key cannot be used', { cause })
  }
}
