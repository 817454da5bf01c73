/**
 * ① The session cookie: reading it out of a request, writing it, deleting it.
 * Promise: only the exact name counts, and a name that comes twice is never a choice.
 */
import { withoutBlanks } from '@curfew/service-kit'

/**
 * All values that a `Cookie` header has under a name. RFC 6265bis §5.8.3 lets a cookie of a sibling host travel beside the
 * real one: the caller refuses when there is more than one, because which of them is ours cannot be known.
 *
 * Only SP and HTAB surround a name or a value (§5.6). JavaScript's `trim` also removes U+00A0 and others, which browsers count
 * as part of the name: they would let a sibling set `\u00a0__Host-session`, past the rules of the prefix.
 */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (header === undefined) return []
  const values: string[] = []
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals !== -1 && withoutBlanks(pair.slice(0, equals)) === name)
      values.push(withoutBlanks(pair.slice(equals + 1)))
  }
  return values
}

type SameSite = 'Lax' | 'Strict'

// `Secure`, `Path=/` and no `Domain` are what browsers demand of a `__Host-` name. No `Max-Age`: the server ends sessions.
const attributes = (sameSite: SameSite): string => `Path=/; Secure; HttpOnly; SameSite=${sameSite}`

export function sessionCookie(name: string, token: string, sameSite: SameSite = 'Lax'): string {
  return `${name}=${token}; ${attributes(sameSite)}`
}

/** A cookie that outlives the session of the browser. */
export function lastingCookie(
  name: string,
  value: string,
  { maxAgeSeconds, sameSite = 'Lax' }: { readonly maxAgeSeconds: number; readonly sameSite?: SameSite },
): string {
  return `${name}=${value}; ${attributes(sameSite)}; Max-Age=${maxAgeSeconds}`
}

export function deletedCookie(name: string, sameSite: SameSite = 'Lax'): string {
  return `${name}=; ${attributes(sameSite)}; Max-Age=0`
}
