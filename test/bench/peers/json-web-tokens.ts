/** What verifies a JSON Web Token instead of a session, each set up as its documentation says. */
import { webcrypto } from 'node:crypto'

import { createSigner, createVerifier } from 'fast-jwt'
import { SignJWT, jwtVerify } from 'jose'

/** Says in a token what a session says of itself. */
export interface Claims {
  readonly sub: string
  readonly sid: string
  readonly tenant: string
  readonly roles: readonly string[]
}

export interface JwtPeer {
  readonly label: string
  sign(claims: Claims): string | Promise<string>
  /** Throws for a token that is not good. */
  verify(token: string): unknown
}

const SECRET = 'a secret of two hundred and fifty-six bits, or a little more'
const LIFETIME_SECONDS = 3_600

/** @param cached how many verified tokens it remembers; 0 for none */
export function fastJwt(cached: number): JwtPeer {
  const verifier = createVerifier({
    key: SECRET,
    algorithms: ['HS256'],
    cache: cached === 0 ? false : cached,
  })
  const signer = createSigner({ key: SECRET, algorithm: 'HS256', expiresIn: LIFETIME_SECONDS * 1_000 })
  return {
    label: `fast-jwt HS256, ${cached === 0 ? 'no cache' : 'cache'}`,
    sign: (claims) => signer({ ...claims }),
    verify: (token) => verifier(token) as unknown,
  }
}

export async function jose(algorithm: 'HS256' | 'Ed25519' | 'ES256'): Promise<JwtPeer> {
  const { signing, verifying } = await joseKeys(algorithm)
  return {
    label: `jose ${algorithm}`,
    sign: (claims) =>
      new SignJWT({ ...claims })
        .setProtectedHeader({ alg: algorithm })
        .setIssuedAt()
        .setExpirationTime(`${LIFETIME_SECONDS} s`)
        .sign(signing),
    verify: (token) => jwtVerify(token, verifying, { algorithms: [algorithm] }),
  }
}

async function joseKeys(algorithm: 'HS256' | 'Ed25519' | 'ES256') {
  const { subtle } = webcrypto
  if (algorithm === 'HS256') {
    const format = { name: 'HMAC', hash: 'SHA-256' }
    const key = await subtle.importKey('raw', new TextEncoder().encode(SECRET), format, false, [
      'sign',
      'verify',
    ])
    return { signing: key, verifying: key }
  }
  const format = algorithm === 'ES256' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' }
  const pair = (await subtle.generateKey(format, false, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  return { signing: pair.privateKey, verifying: pair.publicKey }
}
