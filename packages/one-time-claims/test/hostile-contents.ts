/**
 * Hostile claims whose payload or outer shape is at fault: acts, members written twice, things that are no claim at all.
 */
import { sign } from 'node:crypto'

import { forge } from './forge.ts'
import { goodHeader, goodPayload, type Hostile, type Stage } from './stage.ts'

export function hostileContents(stage: Stage): Hostile[] {
  return [...acts(stage), ...repeatedMembers(stage), ...shapes(stage)]
}

function acts(stage: Stage): Hostile[] {
  const file = 'F'.repeat(22)
  const bad: readonly (readonly [string, unknown])[] = [
    ['text', 'download'],
    ['nothing', null],
    ['a list', [{ op: 'download', file }]],
    ['no op', { file }],
    ['no file', { op: 'download' }],
    ['an unknown op', { op: 'execute', file }],
    ['two ops', { op: ['download', 'upload'], file }],
    ['a path for a file', { op: 'download', file: '../../../../etc/passwd' }],
    ['a long file', { op: 'download', file: `${file}F` }],
    ['a line break in the file', { op: 'download', file: `${file}\n` }],
    ['an unknown member', { op: 'download', file, range: 'bytes=0-1' }],
    ['a download limit', { op: 'download', file, max_bytes: 1 }],
    ['a name to delete', { op: 'delete', file, name: 'x' }],
    ['a negative size', { op: 'upload', file, max_bytes: -1 }],
    ['half a byte', { op: 'upload', file, max_bytes: 0.5 }],
    ['more bytes than a number holds', { op: 'upload', file, max_bytes: 2 ** 53 }],
    ['a weak digest', { op: 'upload', file, digest: 'md5=:1B2M2Y8AsgTpgAmY7PhCfg==:' }],
    ['a digest spelled twice', { op: 'upload', file, digest: `sha-256=:${'A'.repeat(42)}B=:` }],
    ['a weak etag', { op: 'download', file, etag: 'W/"a"' }],
    ['a name with a line break', { op: 'download', file, name: 'a\r\nset-cookie: b' }],
    ['a name with a slash', { op: 'download', file, name: '../a' }],
    ['a name that is too long', { op: 'download', file, name: 'a'.repeat(256) }],
    ['half a letter for a name', { op: 'download', file, name: '\ud83d' }],
    ['a header for a type', { op: 'download', file, content_type: 'text/html\r\nx: y' }],
    ['a nested act', { op: 'download', file: { op: 'download', file } }],
  ]
  return bad.map(([name, act]) => [
    `act: ${name}`,
    'content',
    forge(goodHeader(stage), { ...goodPayload(stage), act }, stage.key.privateKey),
  ])
}

/** JSON that two parsers may read differently. */
function repeatedMembers(stage: Stage): Hostile[] {
  const { key, nowSeconds: now } = stage
  const payload = JSON.stringify(goodPayload(stage))
  const header = JSON.stringify(goodHeader(stage))
  const signed = (h: string, p: string): string => forge(h, p, key.privateKey)
  return [
    ['exp twice', 'content', signed(header, payload.replace('{', `{"exp":${now - 1},`))],
    ['exp twice, spaced', 'content', signed(header, payload.replace('{', `{ "exp" : ${now - 1} ,`))],
    ['exp twice, once escaped', 'content', signed(header, payload.replace('{', `{"\\u0065xp":${now - 1},`))],
    ['aud twice', 'content', signed(header, payload.replace('{', '{"aud":"documents",'))],
    ['op twice', 'content', signed(header, payload.replace('"op"', '"op":"delete","op"'))],
    [
      'twice behind a telling text',
      'content',
      signed(header, payload.replace('"op"', '"name":"\\":","op":"delete","op"')),
    ],
    ['alg twice', 'header', signed(header.replace('{', '{"alg":"none",'), payload)],
    ['kid twice', 'header', signed(header.replace('{', '{"kid":"x",'), payload)],
  ]
}

function shapes(stage: Stage): Hostile[] {
  const { key } = stage
  const good = forge(goodHeader(stage), goodPayload(stage), key.privateKey)
  const [header = '', payload = '', signature = ''] = good.split('.')
  const signed = (p: unknown): string => forge(goodHeader(stage), p, key.privateKey)
  const malformed: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['two dots', '..'],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${good}.${signature}`],
    ['five parts, as JWE', `${header}.${payload}.${signature}.${payload}.${signature}`],
    [
      'JSON serialisation',
      JSON.stringify({
        payload,
        protected: header,
        signature,
        signatures: [{ protected: header, signature }],
      }),
    ],
    ['no signature', `${header}.${payload}.`],
    ['a truncated signature', good.slice(0, -1)],
    ['a truncated payload', `${header}.${payload.slice(0, -5)}.${signature}`],
    ['a longer signature', `${good}A`],
    ['a space before', ` ${good}`],
    ['a line break after', `${good}\n`],
    ['NUL after', `${good}\0`],
    ['padding', `${header}=.${payload}.${signature}`],
    ['plain base64', good.replaceAll('-', '+').replace('.', '+.')],
    ['letters outside ASCII', `${header}.ä${payload}.${signature}`],
    ['a megabyte', 'A'.repeat(1_000_000)],
    ['a megabyte with dots', `${'A'.repeat(500_000)}.${'A'.repeat(500_000)}.${signature}`],
    ['a hundred thousand dots', '.'.repeat(100_000)],
    ['a session token', `cfs_${'A'.repeat(65)}`],
    ['a claim within a claim', signed(`"${good}`)],
    ['text after the JSON', signed(`${JSON.stringify(goodPayload(stage))}x`)],
    ['deep nesting, unclosed', signed('['.repeat(2_500))],
  ]
  return [
    ...malformed.map(([name, claim]): Hostile => [name, 'malformed', claim]),
    ['another spelling of the same bytes', 'malformed', signedText(stage, header, respelled(payload))],
    ['a changed header', 'malformed', `${flip(header)}.${payload}.${signature}`],
    ['a changed signature', 'signature', `${header}.${payload}.${flip(signature)}`],
    [
      'the signature of another claim',
      'signature',
      `${signed({ ...goodPayload(stage), jti: 'C'.repeat(22) })
        .split('.')
        .slice(0, 2)
        .join('.')}.${signature}`,
    ],
    ['a signature of zeros', 'signature', `${header}.${payload}.${'A'.repeat(86)}`],
    ['a payload that is a list', 'content', signed([goodPayload(stage)])],
    ['a payload that is a number', 'content', signed('7')],
    ['a payload that is null', 'content', signed('null')],
    ['a claim quoted as a payload', 'content', signed(JSON.stringify('x'))],
    ['deep nesting', 'content', signed('['.repeat(1_000) + ']'.repeat(1_000))],
    ['deeply nested members', 'content', signed('{"a":'.repeat(400) + '1' + '}'.repeat(400))],
  ]
}

function flip(part: string): string {
  return (part.startsWith('A') ? 'B' : 'A') + part.slice(1)
}

/** Signs what stands there, letter for letter. */
function signedText({ key }: Stage, header: string, payload: string): string {
  const input = `${header}.${payload}`
  return `${input}.${sign(null, Buffer.from(input), key.privateKey).toString('base64url')}`
}

/** The last letter of base64url may carry bits that mean nothing. */
function respelled(payload: string): string {
  const json = Buffer.from(payload, 'base64url').toString()
  const part = Buffer.from(json.padEnd(json.length + (3 - (json.length % 3)) + 1)).toString('base64url')
  return part.slice(0, -1) + String.fromCharCode(part.charCodeAt(part.length - 1) + 1)
}
