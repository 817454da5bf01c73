/**
 * What an attacker, a clumsy issuer or a broken wire may present, each with the reason it must be refused for.
 */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'

import { base64url, forge, newKeyPair } from './forge.ts'
import { hostileContents } from './hostile-contents.ts'
import { hostileEncodings } from './hostile-encodings.ts'
import { goodHeader, goodPayload, type Hostile, type Members, type Stage } from './stage.ts'

function without(members: Members, name: string): Members {
  return Object.fromEntries(Object.entries(members).filter(([key]) => key !== name))
}

export function hostileClaims(stage: Stage): Hostile[] {
  return [
    ...algorithms(stage),
    ...headers(stage),
    ...parties(stage),
    ...times(stage),
    ...hostileContents(stage),
    ...hostileEncodings(stage),
  ]
}

function algorithms(stage: Stage): Hostile[] {
  const { key } = stage
  const payload = goodPayload(stage)
  const unsigned = (alg: unknown, signature = ''): string =>
    `${base64url({ ...goodHeader(stage), alg })}.${base64url(payload)}.${signature}`
  const mac = (secret: Buffer | string, size = 86): string => {
    const input = unsigned('HS256').slice(0, -1)
    const signature = createHmac('sha256', secret).update(input).digest('base64url')
    return `${input}.${signature.padEnd(size, 'A')}`
  }
  const signedAs = (alg: unknown): string => forge({ ...goodHeader(stage), alg }, payload, key.privateKey)
  const spki = generateKeyPairSync('ed25519').publicKey
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const es256 = (): string => {
    const input = unsigned('ES256').slice(0, -1)
    return `${input}.${base64url(sign('sha256', Buffer.from(input), { key: ec, dsaEncoding: 'ieee-p1363' }))}`
  }
  return [
    ['alg none, no signature', 'malformed', unsigned('none')],
    ['alg none, some signature', 'algorithm', unsigned('none', 'A'.repeat(86))],
    ['alg nOnE', 'algorithm', unsigned('nOnE', 'A'.repeat(86))],
    ['HS256 with the public x', 'malformed', mac(Buffer.from(key.publicJwk.x, 'base64url'), 43)],
    ['HS256 with the public x, padded out', 'algorithm', mac(Buffer.from(key.publicJwk.x, 'base64url'))],
    ['HS256 with the public JWK', 'algorithm', mac(JSON.stringify(key.publicJwk))],
    ['HS256 with a public PEM', 'algorithm', mac(spki.export({ format: 'pem', type: 'spki' }))],
    ['HS256 with a public DER', 'algorithm', mac(spki.export({ format: 'der', type: 'spki' }))],
    ['ES256 with a key of its own', 'algorithm', es256()],
    ...['EdDSA', 'RS256', 'PS512', 'ES384', 'ed25519', 'Ed448', ''].map((alg): Hostile => [
      `alg ${alg || 'empty'}, rightly signed`,
      'algorithm',
      signedAs(alg),
    ]),
    ...[null, ['Ed25519'], 7, { Ed25519: true }].map((alg): Hostile => [
      `alg ${JSON.stringify(alg)}`,
      'header',
      signedAs(alg),
    ]),
  ]
}

function headers(stage: Stage): Hostile[] {
  const { key, sink } = stage
  const attacker = newKeyPair(key.publicJwk.kid)
  const good = goodHeader(stage)
  const spoil = (header: unknown, signer = key): string =>
    forge(header, goodPayload(stage), signer.privateKey)
  return [
    ['no alg', 'header', spoil(without(good, 'alg'))],
    ['no typ', 'header', spoil(without(good, 'typ'))],
    ...['JWT', 'at+jwt', 'secevent+jwt', 'logout+jwt', 'application/file-claim+jwt', 'FILE-CLAIM+JWT'].map(
      (typ): Hostile => [`typ ${typ}`, 'type', spoil({ ...good, typ })],
    ),
    ['no kid', 'header', spoil(without(good, 'kid'))],
    ...['', '../../etc/passwd', 'a\0b', "' OR 1=1 --", '*', 'k'.repeat(65), 7, null, ['k']].map(
      (kid): Hostile => [`kid ${JSON.stringify(kid).slice(0, 30)}`, 'header', spoil({ ...good, kid })],
    ),
    ['a kid nobody has', 'unknown-key', spoil({ ...good, kid: 'nobody' })],
    ['another key under the same kid', 'signature', spoil(good, attacker)],
    ['its own key in jwk', 'header', spoil({ ...good, jwk: attacker.publicJwk }, attacker)],
    ['its own key in jwk, no kid', 'header', spoil({ ...without(good, 'kid'), jwk: attacker.publicJwk })],
    ['its own key set in jku', 'header', spoil({ ...good, jku: sink }, attacker)],
    ['its own certificate in x5u', 'header', spoil({ ...good, x5u: sink }, attacker)],
    ['its own certificate in x5c', 'header', spoil({ ...good, x5c: ['AAAA'] }, attacker)],
    ['an unknown crit', 'header', spoil({ ...good, crit: ['mood'], mood: 'good' })],
    ['an empty crit', 'header', spoil({ ...good, crit: [] })],
    ['an unencoded payload', 'header', spoil({ ...good, crit: ['b64'], b64: false })],
    ['compression', 'header', spoil({ ...good, zip: 'DEF' })],
    ['a nested type', 'header', spoil({ ...good, cty: 'JWT' })],
    ['a header that is an array', 'header', spoil([good])],
    ['a header that is null', 'header', spoil(null)],
    ['a header that is a string', 'header', spoil('"Ed25519"')],
    ['a header that is not JSON', 'malformed', spoil('{"alg":"Ed25519"')],
    ['a header with a byte order mark', 'malformed', spoil(`\uFEFF${JSON.stringify(good)}`)],
    ['a header that is not UTF-8', 'malformed', spoil(Buffer.from([0x7b, 0xff, 0xfe, 0x7d]))],
    [
      'a header with __proto__',
      'header',
      spoil(JSON.stringify(good).replace('}', ',"__proto__":{"typ":"x"}}')),
    ],
  ]
}

function parties(stage: Stage): Hostile[] {
  const { key, otherKey, issuer, otherIssuer } = stage
  const good = goodPayload(stage)
  const spoil = (changes: Members): string =>
    forge(goodHeader(stage), { ...good, ...changes }, key.privateKey)
  const lacking = (name: string): Hostile => [
    `no ${name}`,
    'content',
    forge(goodHeader(stage), without(good, name), key.privateKey),
  ]
  const otherHeader = { ...goodHeader(stage), kid: otherKey.publicJwk.kid }
  return [
    ...Object.keys(good).map(lacking),
    ['an issuer that is not configured', 'issuer', spoil({ iss: 'http://evil.example' })],
    ['an issuer with a slash more', 'issuer', spoil({ iss: `${issuer}/` })],
    ['an issuer list', 'content', spoil({ iss: [issuer] })],
    ['the other issuer, signed with this key', 'unknown-key', spoil({ iss: otherIssuer })],
    ['this issuer, signed with the other key', 'unknown-key', forge(otherHeader, good, otherKey.privateKey)],
    ['this kid, signed with the other key', 'signature', forge(goodHeader(stage), good, otherKey.privateKey)],
    ...['file', 'files2', '', 'documents', '*', 'FILES'].map((aud): Hostile => [
      `aud ${aud || 'empty'}`,
      'audience',
      spoil({ aud }),
    ]),
    ['an aud list without us', 'content', spoil({ aud: ['documents'] })],
    ['an aud list with us', 'content', spoil({ aud: ['files', 'documents'] })],
    ...['acme', '/alice', 'acme/', 'acme/..', '*/alice', 'acme/\0', ''].map((sub): Hostile => [
      `sub ${JSON.stringify(sub)}`,
      'subject',
      spoil({ sub }),
    ]),
    ['sub of a megabyte', 'malformed', spoil({ sub: `acme/${'a'.repeat(1_000_000)}` })],
    ['sid of another shape', 'content', spoil({ sid: 'cfs_x' })],
    ['an empty jti', 'content', spoil({ jti: '' })],
    ['a short jti', 'content', spoil({ jti: 'B'.repeat(21) })],
    ['a jti with NUL', 'content', spoil({ jti: `${'B'.repeat(22)}\0` })],
    ['a jti that is a number', 'content', spoil({ jti: 1 })],
    ['a restriction nobody here knows', 'content', spoil({ cnf: { jkt: 'x' } })],
  ]
}

function times(stage: Stage): Hostile[] {
  const { nowSeconds: now } = stage
  const spoil = (changes: Members): string =>
    forge(goodHeader(stage), { ...goodPayload(stage), ...changes }, stage.key.privateKey)
  return [
    ['expired at this instant', 'expired', spoil({ iat: now - 60, nbf: now - 60, exp: now })],
    ['expired a second ago', 'expired', spoil({ iat: now - 60, nbf: now - 60, exp: now - 1 })],
    ['expired a year ago', 'expired', spoil({ iat: now - 31e6 - 60, nbf: now - 31e6 - 60, exp: now - 31e6 })],
    ['usable only later', 'not-yet-valid', spoil({ nbf: now + 6 })],
    ['minted in the future', 'not-yet-valid', spoil({ iat: now + 6, nbf: now })],
    ['living 301 seconds', 'lifetime', spoil({ exp: now + 301 })],
    ['living a day', 'lifetime', spoil({ exp: now + 86_400 })],
    ['living for ever', 'lifetime', spoil({ exp: Number.MAX_SAFE_INTEGER })],
    ['over before it began', 'lifetime', spoil({ exp: now - 10 })],
    ['over at once', 'lifetime', spoil({ exp: now })],
    ['over before it may be used', 'lifetime', spoil({ nbf: now + 61 })],
    ['minted at the beginning of time', 'lifetime', spoil({ iat: 0 })],
    ...[String(now + 60), now + 0.5, 1e300, -1, null, true, [now]].map((exp): Hostile => [
      `exp ${JSON.stringify(exp)}`,
      'content',
      spoil({ exp }),
    ]),
    ['nbf as text', 'content', spoil({ nbf: String(now) })],
    ['iat as text', 'content', spoil({ iat: String(now) })],
    ['iat below zero', 'content', spoil({ iat: -1 })],
  ]
}
