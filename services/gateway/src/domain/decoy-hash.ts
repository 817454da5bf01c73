/**
 * ① The hash that a password is checked against when there is no such account.
 * Promise: it costs what the dearest account costs, so that time does not tell who exists.
 */
import { randomBytes } from 'node:crypto'

/** Some writers sort the parameters, some keep the order of the specification. */
const PHC =
  /^\$argon2id\$v=19\$([mtp]=\d{1,9},[mtp]=\d{1,9},[mtp]=\d{1,9})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/

export function isPasswordHash(text: string): boolean {
  return ['m', 't', 'p'].every((name) => parameterOf(text, name) !== undefined)
}

/** What npm's argon2 uses when it is told nothing. */
const STANDARD = `$argon2id$v=19$m=65536,t=3,p=4$${unpadded(16)}$${unpadded(32)}`

/** @param hashes of all accounts; well formed */
export function decoyHashFor(hashes: readonly string[]): string {
  const [dearest = STANDARD] = hashes.toSorted((a, b) => costOf(b) - costOf(a))
  const [salt = '', digest = ''] = dearest.split('$').slice(-2)
  const parameters = dearest.slice(0, dearest.length - salt.length - digest.length - 2)
  // Random bytes instead of a digest: whatever password would fit them, nobody can find it.
  return `${parameters}$${unpadded(bytesIn(salt))}$${unpadded(bytesIn(digest))}`
}

function costOf(hash: string): number {
  return (parameterOf(hash, 'm') ?? 0) * (parameterOf(hash, 't') ?? 0)
}

function parameterOf(hash: string, name: string): number | undefined {
  const [, parameters = ''] = PHC.exec(hash) ?? []
  const written = parameters.split(',').find((parameter) => parameter.startsWith(`${name}=`))
  return written === undefined ? undefined : Number(written.slice(2))
}

function bytesIn(base64: string): number {
  return Math.floor((base64.length * 3) / 4)
}

function unpadded(bytes: number): string {
  return randomBytes(bytes).toString('base64').replaceAll('=', '')
}
