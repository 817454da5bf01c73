/**
 * What may be presented to a verifier that accepts ES256 beside Ed25519: the two confused, and the pitfalls of ECDSA.
 */
import { createHmac, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'

import { base64url, newKeyPair } from './forge.ts'
import { goodHeader, goodPayload, type Hostile, type Members, type Stage } from './stage.ts'

export interface EcKey {
  readonly privateKey: KeyObject
  readonly publicJwk: { readonly kid: string } & Members
}

export function newEcKey(kid: string): EcKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { privateKey, publicJwk: { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' } }
}

/** One that is good: the others differ from it in one place. */
export function es256Claim(stage: Stage, ec: EcKey): string {
  return ecdsa({ ...goodHeader(stage), alg: 'ES256', kid: ec.publicJwk.kid }, stage, ec.privateKey)
}

export function hostileToEs256(stage: Stage, ec: EcKey): Hostile[] {
  const header = { ...goodHeader(stage), alg: 'ES256', kid: ec.publicJwk.kid }
  const good = es256Claim(stage, ec)
  const [head = '', payload = '', signature = ''] = good.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const withSignature = (other: Buffer): string => `${head}.${payload}.${base64url(other)}`
  const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
  const stranger = newEcKey(ec.publicJwk.kid)
  return [
    ['ES256: a signature of zeros', 'signature', withSignature(Buffer.alloc(64))],
    ['ES256: a signature of ones', 'signature', withSignature(Buffer.alloc(64, 0xff))],
    ['ES256: a signature of the order', 'signature', withSignature(Buffer.concat([order, order]))],
    ['ES256: r of zero', 'signature', withSignature(Buffer.concat([Buffer.alloc(32), bytes.subarray(32)]))],
    [
      'ES256: s of zero',
      'signature',
      withSignature(Buffer.concat([bytes.subarray(0, 32), Buffer.alloc(32)])),
    ],
    ['ES256: r and s exchanged', 'signature', withSignature(swapped(bytes))],
    ['ES256: in DER', 'malformed', withSignature(der(`${head}.${payload}`, ec.privateKey))],
    ['ES256: over another hash', 'signature', ecdsa(header, stage, ec.privateKey, 'sha512')],
    ['ES256: by another key', 'signature', ecdsa(header, stage, stranger.privateKey)],
    [
      'ES256: its own key in jwk',
      'header',
      ecdsa({ ...header, jwk: stranger.publicJwk }, stage, stranger.privateKey),
    ],
    [
      'ES256 with the id of an Ed25519 key',
      'unknown-key',
      ecdsa({ ...header, kid: stage.key.publicJwk.kid }, stage, ec.privateKey),
    ],
    [
      'Ed25519 with the id of a P-256 key',
      'unknown-key',
      ecdsa({ ...header, alg: 'Ed25519' }, stage, ec.privateKey),
    ],
    ['Ed25519, signed by a P-256 key', 'signature', ecdsa(goodHeader(stage), stage, ec.privateKey)],
    ...['ES384', 'ES512', 'ES256K', 'es256', 'EdDSA', 'HS256', 'none', 'ES256 '].map((alg): Hostile => [
      `ES256 called ${alg}`,
      'algorithm',
      ecdsa({ ...header, alg }, stage, ec.privateKey),
    ]),
    ...macs(header, stage, ec),
    [
      'ES256 by a key of another issuer',
      'unknown-key',
      ecdsa({ ...header, kid: newKeyPair().publicJwk.kid }, stage, ec.privateKey),
    ],
  ]
}

/** With what anybody can know as the secret. */
function macs(header: Members, stage: Stage, { privateKey, publicJwk }: EcKey): Hostile[] {
  const publicKey = createPublicKey(privateKey)
  const secrets: readonly (readonly [string, string | Buffer])[] = [
    ['PEM', publicKey.export({ format: 'pem', type: 'spki' })],
    ['DER', publicKey.export({ format: 'der', type: 'spki' })],
    ['JWK', JSON.stringify(publicJwk)],
    ['point', Buffer.from(`${String(publicJwk['x'])}${String(publicJwk['y'])}`, 'base64url')],
    ['nothing', ''],
  ]
  return secrets.map(([name, secret]) => {
    const input = `${base64url({ ...header, alg: 'HS512' })}.${base64url(goodPayload(stage))}`
    const mac = createHmac('sha512', secret).update(input).digest('base64url')
    return [`HS512 with the public ${name}`, 'algorithm', `${input}.${mac}`]
  })
}

function ecdsa(header: Members, stage: Stage, key: KeyObject, hash = 'sha256'): string {
  const input = `${base64url(header)}.${base64url(goodPayload(stage))}`
  return `${input}.${base64url(sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }))}`
}

function der(input: string, key: KeyObject): Buffer {
  return sign('sha256', Buffer.from(input), { key, dsaEncoding: 'der' })
}

function swapped(signature: Buffer): Buffer {
  return Buffer.concat([signature.subarray(32), signature.subarray(0, 32)])
}
