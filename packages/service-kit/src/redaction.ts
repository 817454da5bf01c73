/**
 * Keeps secrets out of the log, twice: by the name that they are logged under, and by their shape wherever they stand.
 * Promise: neither a careless log call nor an error that quotes its input writes a token, password or claim.
 */
import { describeError } from './describe-error.ts'

const SECRET_NAMES = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'cookies',
  'setcookie',
  'password',
  'passwd',
  'pass',
  'secret',
  'clientsecret',
  'token',
  'accesstoken',
  'refreshtoken',
  'relaytoken',
  'csrf',
  'csrftoken',
  'xcsrftoken',
  'claim',
  'claims',
  'proof',
  'credentials',
  'privatekey',
  'privatejwk',
])

const REDACTED = '[redacted]'
const MAX_DEPTH = 6

/** A copy of what is to be logged in which the values under telling names are replaced, at any depth. */
export function redactByName(fields: Record<string, unknown>, depth = 0): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const name of Object.keys(fields))
    set(copy, name, isSecretName(name) ? REDACTED : redactInside(fields[name], depth))
  return copy
}

/** As a member of its own, also under the one name that would set the prototype instead. */
function set(copy: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== '__proto__') copy[name] = value
  else Object.defineProperty(copy, name, { value, enumerable: true })
}

/** Lines have few names, most of them constants of the code; those of others must not fill memory. */
const NAMES_KNOWN_MAX = 1_000
const known = new Map<string, boolean>()

function isSecretName(name: string): boolean {
  const before = known.get(name)
  if (before !== undefined) return before
  const isSecret = SECRET_NAMES.has(name.toLowerCase().replace(/[-_]/g, ''))
  if (known.size < NAMES_KNOWN_MAX) known.set(name, isSecret)
  return isSecret
}

function redactInside(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value))
    return depth >= MAX_DEPTH ? REDACTED : value.map((item) => redactInside(item, depth + 1))
  if (value instanceof Error) return describeError(value)
  // Class instances have serializers or a toJSON of their own; to copy them would lose both.
  if (!isPlain(value)) return value
  return depth >= MAX_DEPTH ? REDACTED : redactByName(value, depth + 1)
}

/** No match spans a quote, so a JSON line stays one. */
const SECRET_SHAPES = new RegExp(
  [
    /cf[sr]_[A-Za-z0-9_-]{20,}/, // session and relay tokens
    /eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/, // JWTs
    /(?<=:\/\/)[^\s/@"\\]+(?=@)/, // user and password in a URL
    /(?<=[\w/%.~-]\?)[\w.~%+-]+=[^\s"'\\]*/, // query strings
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

/** The line with everything replaced that looks like a secret. */
export function redactByShape(line: string): string {
  return line.replace(SECRET_SHAPES, REDACTED)
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
