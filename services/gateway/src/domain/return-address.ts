/**
 * ① Where a person goes after signing in: back to the page that asked for it.
 * Promise: a path of this origin, or an address of an origin that the settings list, as every browser reads it; whatever else
 * somebody put into a link leads nowhere.
 */

export const RETURN_LENGTH_MAX = 2_048

/** Printable ASCII without a backslash, which browsers take for a slash. */
const HARMLESS = /^[!-[\]-~]+$/
const ENCODINGS_MAX = 5
/** Stands for this origin, which the gateway does not know by itself. */
const HERE = 'https://here.invalid'

/** @returns the address for a `Location` header; undefined for one that is not followed */
export function returnAddress(text: string, origins: ReadonlySet<string>): string | undefined {
  if (text.length > RETURN_LENGTH_MAX || !HARMLESS.test(text) || !URL.canParse(text, HERE)) return undefined
  const { origin, username, password, pathname, search, hash, href } = new URL(text, HERE)
  if (username !== '' || password !== '' || leadsElsewhere(pathname)) return undefined
  if (text.startsWith('/'))
    return origin === HERE && !text.startsWith('//') ? pathname + search + hash : undefined
  return text.startsWith(origin) && origins.has(origin) ? href : undefined
}

/** A path that would name another host where something behind resolves, decodes or redirects it once more. */
function leadsElsewhere(pathname: string): boolean {
  let path = pathname
  for (let decodings = 0; decodings < ENCODINGS_MAX; decodings += 1) {
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    if (/^\/[/\\]|[\u0000-\u001f\u007f\\]/.test(path)) return true
    const decoded = decode(path)
    if (decoded === undefined) return true
    if (decoded === path) return false
    path = decoded
  }
  return true
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
