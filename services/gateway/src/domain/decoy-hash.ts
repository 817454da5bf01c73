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

/** How new hashes are made: what OWASP's password storage cheat sheet asks for as the least, in KiB, passes and lanes. */
export const ARGON2_PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

const { memoryCost, timeCost, parallelism } = ARGON2_PARAMETERS
const STANDARD = `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${unpadded(16)}$${unpadded(32)}`

/** True for a hash that would be made with more work today. */
export function isWeak(hash: string): boolean {
  return costOf(hash) < costOf(STANDARD)
}

/** @param hashes of all accounts; well formed. Changed ones are of the standard, so that is the least. */
export function decoyHashFor(hashes: readonly string[]): string {
  const [dearest = STANDARD] = [STANDARD, ...hashes].toSorted((a, b) => costOf(b) - costOf(a))
  const [salt = '', digest = ''] = dearest.split('$').slice(-2)
  const parameters = dearest.slice(0, dearest.length - salt.length - digest.length - 2)
  // Random bytes instead of a digest: whatever password would fit them, nobody can find it.
  return `${parameters}$${unpadded(bytesIn(salt))}$${unpadded(bytesIn(digest))}`
}

/** A hash that costs the difference to check; undefined where that is nothing. */
export function paddingHash(hash: string, decoyHash: string): string | undefined {
  const missingKiB = costOf(decoyHash) - costOf(hash)
  if (missingKiB < MEMORY_KIB_MIN) return undefined
  // More passes instead of more memory than the decoy itself takes.
  const passes = Math.ceil(missingKiB / Math.max(MEMORY_KIB_MIN, parameterOf(decoyHash, 'm') ?? 0))
  return `$argon2id$v=19$m=${Math.floor(missingKiB / passes)},t=${passes},p=1$${unpadded(16)}$${unpadded(32)}`
}

/** What the algorithm needs for one lane. */
const MEMORY_KIB_MIN = 8

/** Memory times passes, which is what a check takes. */
export function costOf(hash: string): number {
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
