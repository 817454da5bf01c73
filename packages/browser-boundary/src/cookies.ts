/**
 * ① The session cookie: reading it out of a request, writing it, deleting it.
 * Promise: only the exact name counts, and a name that comes twice is never a choice.
 */

/** RFC 6265 §5.4 lets a planted cookie travel beside the real one: which of them is ours cannot be known. */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (header === undefined) return []
  const values: string[] = []
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals !== -1 && pair.slice(0, equals).trim() === name) values.push(pair.slice(equals + 1).trim())
  }
  return values
}

type SameSite = 'Lax' | 'Strict'

// `Secure`, `Path=/` and no `Domain` are what browsers demand of a `__Host-` name. No `Max-Age`: the server ends sessions.
const attributes = (sameSite: SameSite): string => `Path=/; Secure; HttpOnly; SameSite=${sameSite}`

export function sessionCookie(name: string, token: string, sameSite: SameSite = 'Lax'): string {
  return `${name}=${token}; ${attributes(sameSite)}`
}

export function deletedCookie(name: string, sameSite: SameSite = 'Lax'): string {
  return `${name}=; ${attributes(sameSite)}; Max-Age=0`
}
