import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'

import { forge, newKeyPair, serve, serveKeys, type TestServer } from '../test/forge.ts'
import { hostileClaims } from '../test/hostile-claims.ts'
import { es256Claim, hostileToEs256, newEcKey } from '../test/hostile-signatures.ts'
import { goodHeader, goodPayload, type Stage } from '../test/stage.ts'
import { createClaimVerifier, type ClaimVerifier } from './index.ts'

const now = new Date('2026-11-02T10:00:00.000Z')
const issuer = 'http://documents.test'
const otherIssuer = 'http://other.test'
const key = newKeyPair('key-1')
const otherKey = newKeyPair('key-2')

const verifierOf = (url: URL, more: [string, URL][] = []): ClaimVerifier =>
  createClaimVerifier({
    audience: 'files',
    issuers: new Map([[issuer, url], ...more]),
    clockToleranceSeconds: 5,
  })
const stageWith = (sink: string): Stage => ({
  issuer,
  key,
  otherIssuer,
  otherKey,
  nowSeconds: now.getTime() / 1000,
  sink,
})
const stage = stageWith('http://sink.test')
const good = (changes: object = {}): string =>
  forge(goodHeader(stage), { ...goodPayload(stage), ...changes }, key.privateKey)
const strange = (n: number): string =>
  forge({ ...goodHeader(stage), kid: `k${n}` }, goodPayload(stage), key.privateKey)
const afterExpiry = (ms: number): Date => new Date(now.getTime() + 60_000 + ms)

describe('a claim', () => {
  let jwks: TestServer
  let verifier: ClaimVerifier
  beforeAll(async () => {
    jwks = await serveKeys(() => [key.publicJwk])
    verifier = verifierOf(jwks.url)
  })
  afterAll(() => jwks[Symbol.asyncDispose]())

  it('of a configured issuer is understood', async () => {
    expect(await verifier.verify(good(), now)).toEqual({
      kind: 'valid',
      claim: {
        issuer,
        claimId: 'B'.repeat(22),
        subject: { tenant: 'acme', user: 'alice' },
        session: 'A'.repeat(22),
        act: { op: 'download', file: 'F'.repeat(22) },
        expiresAtSeconds: now.getTime() / 1000 + 60,
      },
    })
  })

  it('is about the user that its subject names, slashes and all', async () => {
    const claim = good({ sub: 'acme/did:web:a%2Fb/用户' })
    expect(await verifier.verify(claim, now)).toMatchObject({
      claim: { subject: { tenant: 'acme', user: 'did:web:a%2Fb/用户' } },
    })
  })

  it('is good until the instant of exp, and not a moment longer', async () => {
    expect(await verifier.verify(good(), afterExpiry(-1))).toMatchObject({ kind: 'valid' })
    expect(await verifier.verify(good(), afterExpiry(0))).toEqual({ kind: 'invalid', reason: 'expired' })
  })

  it('of an issuer whose clock runs a little ahead is good', async () => {
    const ahead = now.getTime() / 1000 + 5
    const claim = good({ iat: ahead, nbf: ahead, exp: ahead + 300 })
    expect(await verifier.verify(claim, now)).toMatchObject({ kind: 'valid' })
  })
})

describe('hostile claims', () => {
  it('are refused, each for its reason, and fetch nothing from anywhere', async () => {
    await using sink = await serve((_, response) => response.end('{"keys":[]}'))
    await using jwks = await serveKeys(() => [key.publicJwk])
    await using otherJwks = await serveKeys(() => [otherKey.publicJwk])
    const verifier = verifierOf(jwks.url, [[otherIssuer, otherJwks.url]])
    const corpus = hostileClaims(stageWith(sink.url.href))
    expect(new Set(corpus.map(([name]) => name)).size).toBe(corpus.length)
    expect(corpus.length).toBeGreaterThan(250)

    const verdicts = await Promise.all(
      corpus.map(async ([name, , claim]) => ({ name, ...(await verifier.verify(claim, now)) })),
    )
    expect(verdicts).toEqual(corpus.map(([name, reason]) => ({ name, kind: 'invalid', reason })))
    expect(sink.requests).toBe(0)
    expect(jwks.requests).toBe(1)
  })

  it('are refused where ES256 is accepted as well, each for its reason', async () => {
    const ec = newEcKey('key-ec')
    await using jwks = await serveKeys(() => [key.publicJwk, ec.publicJwk])
    const verifier = createClaimVerifier({
      audience: 'files',
      issuers: new Map([[issuer, jwks.url]]),
      clockToleranceSeconds: 5,
      algorithms: ['Ed25519', 'ES256'],
    })
    const corpus = hostileToEs256(stage, ec)
    const verdicts = await Promise.all(
      corpus.map(async ([name, , claim]) => ({ name, ...(await verifier.verify(claim, now)) })),
    )
    expect(verdicts).toEqual(corpus.map(([name, reason]) => ({ name, kind: 'invalid', reason })))
    expect(corpus.length).toBeGreaterThan(25)
    for (const claim of [es256Claim(stage, ec), good()])
      expect(await verifier.verify(claim, now)).toMatchObject({ kind: 'valid' })
  })

  it('of every length cost bounded time', async () => {
    await using jwks = await serveKeys(() => [key.publicJwk])
    const verifier = verifierOf(jwks.url)
    const long = hostileClaims(stage).filter(([, , claim]) => claim.length > 4_096)
    expect(long.length).toBeGreaterThan(3)
    const startedAtMs = performance.now()
    for (let round = 0; round < 1_000; round += 1)
      for (const [, , claim] of long) await verifier.verify(claim, now)
    // Looking at a megabyte once costs a millisecond: none of these is looked at.
    expect((performance.now() - startedAtMs) / (1_000 * long.length)).toBeLessThan(0.2)
  })

  it('with a thousand different key ids cost the issuer one request', async () => {
    await using jwks = await serveKeys(() => [key.publicJwk])
    const verifier = verifierOf(jwks.url)
    for (let round = 0; round < 10; round += 1)
      await Promise.all(Array.from({ length: 100 }, (_, n) => verifier.verify(strange(round * 100 + n), now)))
    expect(await verifier.verify(good(), now)).toMatchObject({ kind: 'valid' })
    expect(jwks.requests).toBe(1)
  })
})

describe('while the keys cannot be had, a good claim is not called bad:', () => {
  it.each([
    ['an error page', 500, 'oops'],
    ['something that is not JSON', 200, '<html>'],
    ['JSON that is no key set', 200, '{"keys":"none"}'],
    ['two keys under one id', 200, JSON.stringify({ keys: [key.publicJwk, key.publicJwk] })],
    ['a private key', 200, JSON.stringify({ keys: [key.privateJwk] })],
    ['a redirect', 302, ''],
  ])('%s', async (_, status, body) => {
    await using jwks = await serve((__, response) => response.writeHead(status).end(body))
    expect(await verifierOf(jwks.url).verify(good(), now)).toMatchObject({ kind: 'unavailable' })
  })

  it('nobody listens', async () => {
    const jwks = await serveKeys(() => [])
    await jwks[Symbol.asyncDispose]()
    expect(await verifierOf(jwks.url).verify(good(), now)).toMatchObject({ kind: 'unavailable' })
  })

  it('nobody answers', async () => {
    await using jwks = await serve(() => undefined)
    expect(await verifierOf(jwks.url).verify(good(), now)).toMatchObject({ kind: 'unavailable' })
  })

  it('and an outage is not answered with a flood of requests', async () => {
    await using jwks = await serve((_, response) => response.writeHead(503).end())
    const verifier = verifierOf(jwks.url)
    for (let round = 0; round < 50; round += 1)
      expect(await verifier.verify(good(), now)).toMatchObject({ kind: 'unavailable' })
    expect(jwks.requests).toBe(1)
  })
})

describe('keys', () => {
  it('are asked for again soon after an outage, and then found', async () => {
    let keys: object[] | undefined
    await using jwks = await serve((_, response) => {
      if (keys === undefined) response.writeHead(503).end()
      else response.end(JSON.stringify({ keys }))
    })
    const verifier = verifierOf(jwks.url)
    expect(await verifier.verify(good(), now)).toMatchObject({ kind: 'unavailable' })
    keys = [key.publicJwk]
    await vi.waitFor(
      async () => expect(await verifier.verify(good(), now)).toMatchObject({ kind: 'valid' }),
      { timeout: 3_000, interval: 100 },
    )
  })

  it('that are new are found after the cool-down, and withdrawn ones are gone with their set', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'] })
    try {
      const newKey = newKeyPair('key-new')
      let keys = [key.publicJwk]
      await using jwks = await serveKeys(() => keys)
      const verifier = verifierOf(jwks.url)
      const byNewKey = forge({ ...goodHeader(stage), kid: 'key-new' }, goodPayload(stage), newKey.privateKey)
      expect(await verifier.verify(good(), now)).toMatchObject({ kind: 'valid' })

      keys = [key.publicJwk, newKey.publicJwk]
      expect(await verifier.verify(byNewKey, now)).toEqual({ kind: 'invalid', reason: 'unknown-key' })
      vi.advanceTimersByTime(10_001)
      expect(await verifier.verify(byNewKey, now)).toMatchObject({ kind: 'valid' })

      keys = [newKey.publicJwk]
      vi.advanceTimersByTime(60_001)
      expect(await verifier.verify(good(), now)).toEqual({ kind: 'invalid', reason: 'unknown-key' })
    } finally {
      vi.useRealTimers()
    }
  })
})
