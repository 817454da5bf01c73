import type { SessionId, Subject } from '@curfew/contracts'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { base64url, newKeyPair, serveKeys, type TestServer } from '../test/forge.ts'
import {
  createClaimSigner,
  createClaimVerifier,
  fixedKey,
  generateSigningJwk,
  type ClaimAlgorithm,
  type ClaimVerifier,
  type FileAct,
  type FileId,
} from './index.ts'

const issuer = 'http://documents.test'
const key = newKeyPair()
const subject = { tenant: 'acme', user: 'alice@example.com' } as Subject
const session = 'A'.repeat(22) as SessionId
const file = 'F'.repeat(22) as FileId
const download: FileAct = { op: 'download', file }
const keys = await fixedKey(key.privateJwk)
const signer = createClaimSigner({ issuer, keys, lifetimeSeconds: 60 })

const readPart = (claim: string, part: number): Record<string, unknown> =>
  JSON.parse(Buffer.from(String(claim.split('.')[part]), 'base64url').toString())

async function lifeOf(lifetimeSeconds: number, now: string): Promise<number> {
  const minter = createClaimSigner({ issuer, keys, lifetimeSeconds })
  const { claim } = await minter.mint({ subject, session, act: download }, new Date(now))
  const { exp, iat } = readPart(claim, 1)
  return Number(exp) - Number(iat)
}

describe('a minted claim', () => {
  it('says who signed it for whom, for what and until when', async () => {
    const now = new Date('2026-11-02T10:00:00.900Z')
    const { claim, expiresAt } = await signer.mint({ subject, session, act: download }, now)
    const iat = Date.parse('2026-11-02T10:00:00Z') / 1000
    expect(readPart(claim, 0)).toEqual({ alg: 'Ed25519', typ: 'file-claim+jwt', kid: key.publicJwk.kid })
    expect(readPart(claim, 1)).toEqual({
      iss: issuer,
      aud: 'files',
      sub: 'acme/alice@example.com',
      sid: session,
      jti: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
      iat,
      nbf: iat,
      exp: iat + 61,
      act: download,
    })
    expect(expiresAt.toISOString()).toBe('2026-11-02T10:01:01.000Z')
  })

  it('lives at least as long as it was meant to, and never longer than the cap', async () => {
    expect(await lifeOf(1, '2026-11-02T10:00:00.000Z')).toBe(1)
    expect(await lifeOf(1, '2026-11-02T10:00:00.999Z')).toBe(2)
    expect(await lifeOf(300, '2026-11-02T10:00:00.999Z')).toBe(300)
  })

  it('never repeats its id', async () => {
    const claims = await Promise.all(
      Array.from({ length: 500 }, () => signer.mint({ subject, session, act: download })),
    )
    expect(new Set(claims.map(({ claim }) => readPart(claim, 1)['jti'])).size).toBe(500)
  })

  it('is accepted whatever Unicode its name is made of, and however long its parts', async () => {
    await using jwks = await serveKeys(() => [...signer.jwks().keys])
    const verifier = createClaimVerifier({
      audience: 'files',
      issuers: new Map([[issuer, jwks.url]]),
      clockToleranceSeconds: 5,
    })
    const name = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 255 })
      .map((text) => text.replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029/\\]/gu, '"'))
    await fc.assert(
      fc.asyncProperty(name, async (anyName) => {
        const act: FileAct = {
          op: 'download',
          file,
          name: anyName,
          content_type: `${'a'.repeat(63)}/${'b'.repeat(63)}`,
        }
        const { claim } = await signer.mint({
          subject: { tenant: 't'.repeat(128), user: '"'.repeat(255) } as Subject,
          session,
          act,
        })
        expect(await verifier.verify(claim)).toMatchObject({ kind: 'valid', claim: { act } })
      }),
      { examples: [['😀'.repeat(255)], ['"'.repeat(255)]] },
    )
  })
})

it('publishes the public half only', () => {
  expect(signer.jwks()).toEqual({ keys: [key.publicJwk] })
  expect(JSON.stringify(signer.jwks())).not.toContain(key.privateJwk.d)
})

describe('with ES256', () => {
  const privateJwk = generateSigningJwk('ES256')
  const verifierFor = (jwks: TestServer, algorithms?: readonly ClaimAlgorithm[]): ClaimVerifier =>
    createClaimVerifier({
      audience: 'files',
      issuers: new Map([[issuer, jwks.url]]),
      clockToleranceSeconds: 5,
      ...(algorithms !== undefined && { algorithms }),
    })

  it('a claim is good where that is allowed, and nowhere else', async () => {
    const es256 = createClaimSigner({ issuer, keys: await fixedKey(privateJwk), lifetimeSeconds: 60 })
    await using jwks = await serveKeys(() => [...es256.jwks().keys])
    expect(es256.jwks().keys).toMatchObject([{ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' }])
    expect(JSON.stringify(es256.jwks())).not.toContain('"d"')
    const { claim } = await es256.mint({ subject, session, act: download })
    expect(readPart(claim, 0)).toEqual({ alg: 'ES256', typ: 'file-claim+jwt', kid: privateJwk.kid })
    expect(await verifierFor(jwks, ['Ed25519', 'ES256']).verify(claim)).toMatchObject({ kind: 'valid' })
    expect(await verifierFor(jwks).verify(claim)).toEqual({ kind: 'invalid', reason: 'algorithm' })
  })

  it('another spelling of a signature is the same claim, by its id', async () => {
    const es256 = createClaimSigner({ issuer, keys: await fixedKey(privateJwk), lifetimeSeconds: 60 })
    await using jwks = await serveKeys(() => [...es256.jwks().keys])
    const { claim } = await es256.mint({ subject, session, act: download })
    const verifier = verifierFor(jwks, ['ES256'])
    const [one, other] = await Promise.all([claim, withOtherS(claim)].map((each) => verifier.verify(each)))
    expect(withOtherS(claim)).not.toBe(claim)
    // Both are signatures of the holder of the key: what is redeemed is the issuer and the id.
    expect(other).toEqual(one)
    expect(one).toMatchObject({ kind: 'valid' })
  })

  it('a key is published for one algorithm and verifies nothing under another', async () => {
    const mixed = createClaimSigner({ issuer, keys: await fixedKey(privateJwk), lifetimeSeconds: 60 })
    await using jwks = await serveKeys(() => [...mixed.jwks().keys])
    const header = { alg: 'Ed25519', typ: 'file-claim+jwt', kid: privateJwk.kid }
    const { claim } = await mixed.mint({ subject, session, act: download })
    const [, payload, signature] = claim.split('.')
    const confused = `${base64url(header)}.${payload}.${signature}`
    expect(await verifierFor(jwks, ['Ed25519', 'ES256']).verify(confused)).toEqual({
      kind: 'invalid',
      reason: 'unknown-key',
    })
  })
})

const ORDER_OF_P256 = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** (r, n − s): anybody can make it from a signature, and it is as good. */
function withOtherS(claim: string): string {
  const [header, payload, signature = ''] = claim.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const s = ORDER_OF_P256 - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const other = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
  return `${header}.${payload}.${base64url(other)}`
}

describe('a key is not taken', () => {
  it.each([
    ['of a public key', key.publicJwk],
    ['of a key without id', { ...key.privateJwk, kid: undefined }],
    ['of a key of another curve', { ...key.privateJwk, crv: 'X25519' }],
    ['of P-256 without its half', { ...generateSigningJwk('ES256'), y: undefined }],
    ['of P-256 and another’s half', { ...generateSigningJwk('ES256'), d: generateSigningJwk('ES256').d }],
    ['of P-384', { ...generateSigningJwk('ES256'), crv: 'P-384' }],
    ['of a shared secret', { kty: 'oct', k: 'AAAA', kid: 'k' }],
    ['of two halves of different keys', { ...key.privateJwk, x: newKeyPair().publicJwk.x }],
    ['of nothing', undefined],
    ['of text', JSON.stringify(key.privateJwk)],
  ])('%s, and the key is not quoted', async (_, privateJwk) => {
    const failure = await fixedKey(privateJwk).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(TypeError)
    expect(String(failure)).not.toContain(key.privateJwk.d)
  })
})

it.each([0, -1, 301, 0.5, Number.NaN])('no signer makes claims that live %s seconds', (lifetimeSeconds) => {
  expect(() => createClaimSigner({ issuer, keys, lifetimeSeconds })).toThrow(RangeError)
})

it.each([
  ['a name with a path', { op: 'download', file, name: '../x' }],
  ['a file that is none', { op: 'download', file: 'x' }],
  ['an act that is none', { op: 'execute', file }],
])('refuses to mint %s', async (_, act) => {
  await expect(signer.mint({ subject, session, act: act as FileAct })).rejects.toBeInstanceOf(TypeError)
})
