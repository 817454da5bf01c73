/**
 * Hostile claims that are rightly signed and wrongly written: letters, numbers, names and shapes that no claim has.
 */
import { forge } from './forge.ts'
import { goodHeader, goodPayload, type Hostile, type Members, type Stage } from './stage.ts'

export function hostileEncodings(stage: Stage): Hostile[] {
  return [...letters(stage), ...json(stage), ...members(stage), ...headerMembers(stage), ...outside(stage)]
}

/** Bytes that are no UTF-8, or that some reader takes for something else. */
function letters(stage: Stage): Hostile[] {
  const payload = JSON.stringify(goodPayload(stage))
  const signed = (p: unknown): string => forge(goodHeader(stage), p, stage.key.privateKey)
  const withBytes = (...bytes: number[]): Buffer =>
    Buffer.concat([Buffer.from('{"x":"'), Buffer.from(bytes), Buffer.from(`",${payload.slice(1)}`)])
  const bad: readonly (readonly [string, unknown])[] = [
    ['a payload in UTF-16', Buffer.from(payload, 'utf16le')],
    ['a payload in UTF-16 with its mark', Buffer.from(`\uFEFF${payload}`, 'utf16le')],
    ['a payload with a byte order mark', `\uFEFF${payload}`],
    ['a stray byte', withBytes(0xff)],
    ['half a letter', withBytes(0xc3)],
    ['an overlong slash', withBytes(0xc0, 0xaf)],
    ['an overlong NUL', withBytes(0xc0, 0x80)],
    ['a surrogate by itself', withBytes(0xed, 0xa0, 0xbd)],
    ['a letter beyond Unicode', withBytes(0xf5, 0x80, 0x80, 0x80)],
    ['a line break in a text', withBytes(0x0a)],
    ['a NUL in a text', withBytes(0x00)],
    ['a NUL after the payload', `${payload}\0`],
    ['nothing but spaces', '   '],
  ]
  return bad.map(([name, p]) => [name, 'malformed', signed(p)])
}

/** What is nearly JSON. */
function json(stage: Stage): Hostile[] {
  const payload = JSON.stringify(goodPayload(stage))
  const signed = (p: string): string => forge(goodHeader(stage), p, stage.key.privateKey)
  const withExp = (written: string): string => payload.replace(/"exp":\d+/, `"exp":${written}`)
  return [
    ['a comment', 'malformed', signed(payload.replace('{', '{/* */'))],
    ['a comma too many', 'malformed', signed(payload.replace(/}$/, ',}'))],
    ['single quotes', 'malformed', signed(payload.replaceAll('"', "'"))],
    ['two objects', 'malformed', signed(payload + payload)],
    ['an object that is not closed', 'malformed', signed(payload.slice(0, -1))],
    ['exp NaN', 'malformed', signed(withExp('NaN'))],
    ['exp Infinity', 'malformed', signed(withExp('Infinity'))],
    ['exp in hexadecimal', 'malformed', signed(withExp('0x7fffffff'))],
    ['exp with a zero before', 'malformed', signed(withExp('01793000000'))],
    ['exp with a plus', 'malformed', signed(withExp('+1793000000'))],
    ['exp beyond all numbers', 'content', signed(withExp('1e999'))],
    ['exp beyond all exact numbers', 'content', signed(withExp('9007199254740993'))],
    ['exp minus zero', 'lifetime', signed(withExp('-0'))],
    ['a payload with __proto__', 'content', signed(payload.replace('{', '{"__proto__":{"aud":"files"},'))],
    ['a payload with constructor', 'content', signed(payload.replace('{', '{"constructor":{},'))],
    ['an act with __proto__', 'content', signed(payload.replace('"op"', '"__proto__":{"op":"delete"},"op"'))],
    ['file twice in the act', 'content', signed(payload.replace('"file":', '"file":"x","file":'))],
    [
      'iss twice, the same',
      'content',
      signed(payload.replace('{', `{"iss":${JSON.stringify(stage.issuer)},`)),
    ],
  ]
}

function members(stage: Stage): Hostile[] {
  const { nowSeconds: now } = stage
  const bad: readonly (readonly [string, Hostile[1], Members])[] = [
    ['a jti of null', 'content', { jti: null }],
    ['a jti list', 'content', { jti: ['B'.repeat(22)] }],
    ['a long jti', 'content', { jti: 'B'.repeat(65) }],
    ['a sid of null', 'content', { sid: null }],
    ['a sid list', 'content', { sid: ['A'.repeat(22)] }],
    ['a sid of all', 'content', { sid: '*' }],
    ['a sub that is a number', 'content', { sub: 7 }],
    ['a sub that is an object', 'content', { sub: { tenant: 'acme', user: 'alice' } }],
    ['a sub that climbs', 'subject', { sub: '../acme/alice' }],
    ['a sub with a line break', 'subject', { sub: 'acme/alice\nroot' }],
    ['an empty iss', 'content', { iss: '' }],
    ['an iss in capitals', 'issuer', { iss: stage.issuer.toUpperCase() }],
    ['an iss with NUL', 'issuer', { iss: `${stage.issuer}\0` }],
    ['an aud of null', 'content', { aud: null }],
    ['an aud with a space', 'audience', { aud: 'files ' }],
    ['an empty perm', 'content', { perm: '' }],
    ['a perm list', 'content', { perm: ['documents:read'] }],
    ['a perm of null', 'content', { perm: null }],
    ['nbf a year ahead', 'not-yet-valid', { iat: now + 31e6, nbf: now + 31e6, exp: now + 31e6 + 60 }],
    ['iat a day ahead', 'not-yet-valid', { iat: now + 86_400, nbf: now, exp: now + 86_460 }],
    ['milliseconds for seconds', 'not-yet-valid', { iat: now * 1000, nbf: now * 1000, exp: now * 1000 + 60 }],
    ['exp as a date', 'content', { exp: '2036-01-01T00:00:00Z' }],
    ['exp as an object', 'content', { exp: { valueOf: 9e9 } }],
    ['no times at all', 'content', { iat: undefined, nbf: undefined, exp: undefined }],
    ['an act of another service', 'content', { act: { op: 'download', bucket: 'x', key: 'y' } }],
    ['a key to be bound to', 'content', { cnf: { jwk: stage.key.publicJwk } }],
    ['a scope as in an access token', 'content', { scope: 'files:read' }],
    ['events as in a security event', 'content', { events: { 'urn:x': {} } }],
    ['a nonce as in an ID token', 'content', { nonce: 'x' }],
  ]
  return bad.map(([name, reason, changes]) => [
    name,
    reason,
    forge(goodHeader(stage), { ...goodPayload(stage), ...changes }, stage.key.privateKey),
  ])
}

function headerMembers(stage: Stage): Hostile[] {
  const signed = (changes: Members): string =>
    forge({ ...goodHeader(stage), ...changes }, goodPayload(stage), stage.key.privateKey)
  return [
    ...['dpop+jwt', 'entity-statement+jwt', 'file-claim', 'file-claim+jwt ', 'JOSE', 'JOSE+JSON', ''].map(
      (typ): Hostile => [`typ ${JSON.stringify(typ)}`, 'type', signed({ typ })],
    ),
    ...[null, 7, ['file-claim+jwt']].map((typ): Hostile => [
      `typ ${JSON.stringify(typ)}`,
      'header',
      signed({ typ }),
    ]),
    ...['x5t', 'x5t#S256', 'enc', 'epk', 'apu', 'p2c', 'url', 'nonce', 'iss'].map((name): Hostile => [
      `a header with ${name}`,
      'header',
      signed({ [name]: 'x' }),
    ]),
    ['work without end to find the key', 'header', signed({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31 })],
    ['encryption with a shared key', 'header', signed({ alg: 'dir', enc: 'A256GCM' })],
    ['crit that names what every header has', 'header', signed({ crit: ['alg'] })],
    ['crit that is no list', 'header', signed({ crit: 'exp' })],
    ['a kid of a megabyte', 'malformed', signed({ kid: 'k'.repeat(1_000_000) })],
    ['a kid that is a URL', 'header', signed({ kid: stage.sink })],
  ]
}

/** Around a claim that is good. */
function outside(stage: Stage): Hostile[] {
  const good = forge(goodHeader(stage), goodPayload(stage), stage.key.privateKey)
  const [header = '', payload = '', signature = ''] = good.split('.')
  const bad: readonly (readonly [string, string])[] = [
    ['the scheme before it', `Bearer ${good}`],
    ['quotes around it', `"${good}"`],
    ['a space within', `${header}. ${payload}.${signature}`],
    ['a line break within', `${header}.${payload}\n.${signature}`],
    ['a tab after', `${good}\t`],
    ['padding of the payload', `${header}.${payload}=.${signature}`],
    ['padding of the signature', `${good}==`],
    ['percent signs', good.replaceAll('.', '%2E')],
    ['another dot', good.replaceAll('.', '\u3002')],
    ['wide letters', `${header}.${payload}.${signature.replace(/^./, '\uFF21')}`],
    ['two of them', `${good},${good}`],
    ['an empty part before', `.${good}`],
    ['an empty part after', `${good}.`],
    ['an empty payload', `${header}..${signature}`],
    ['an empty header', `.${payload}.${signature}`],
    ['a detached payload in another place', `${header}..${signature}~${payload}`],
  ]
  return [
    ['outside: parts in another order', 'header', `${payload}.${header}.${signature}`],
    ...bad.map(([name, claim]): Hostile => [`outside: ${name}`, 'malformed', claim]),
  ]
}
