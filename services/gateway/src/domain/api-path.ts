/**
 * ① Turns the path of a public request into the path at the service behind.
 * Promise: whatever decodes or normalises the result once more, it stays below the name of its own service.
 */

/**
 * RFC 3986 `pchar` and `/`, and what browsers leave as it is (WHATWG URL): what else needs encoding must come encoded, so that
 * no two readers disagree about a byte.
 */
const PATH = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@/[\]|^-]|%[0-9A-Fa-f]{2})*$/
const QUERY = /^(?:\?[!-"$-~]*)?$/

const PREFIX = '/api'
const DECODINGS_MAX = 5

/**
 * `/api/documents/42?full=1` becomes `/documents/42?full=1`.
 * @param target as it came over the wire
 * @param mayEncodeSlash whether the service reads `%2F` as a part of a segment
 * @returns undefined for what no honest client sends
 */
export function upstreamPath(target: string, service: string, mayEncodeSlash = false): string | undefined {
  const queryAt = target.indexOf('?')
  const path = queryAt === -1 ? target : target.slice(0, queryAt)
  const query = queryAt === -1 ? '' : target.slice(queryAt)
  const root = `${PREFIX}/${service}`
  if (path !== root && !path.startsWith(`${root}/`)) return undefined
  if (!PATH.test(path) || !QUERY.test(query)) return undefined
  const segments = path.slice(root.length + 1).split('/')
  const last = segments.length - 1
  const areHarmless = segments.every((segment, index) =>
    segment === '' ? index === last : isHarmless(segment, mayEncodeSlash),
  )
  return areHarmless ? path.slice(PREFIX.length) + query : undefined
}

/**
 * Decodes as often as anyone behind might, and looks at what could come to light each time. Where slashes may be encoded they
 * are so once, and no part between them climbs.
 */
function isHarmless(segment: string, mayEncodeSlash: boolean): boolean {
  if (mayEncodeSlash) return segment.split(/%2F/i).every((part) => part !== '' && isHarmless(part, false))
  let text = segment
  for (let decodings = 0; decodings < DECODINGS_MAX; decodings += 1) {
    if (hasMeaning(text)) return false
    const decoded = decode(text)
    // Bytes that are not UTF-8 hide what lenient decoders make of them: `%c0%ae` is a dot to some.
    if (decoded === undefined) return decodings > 0
    if (decoded === text) return true
    text = decoded
  }
  return false
}

/** Separators, control characters, and dot segments, also with a parameter (`..;x`) as Java's servers cut it off. */
function hasMeaning(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[/\\\u0000-\u001f\u007f]/.test(text) || /^\.{1,2}(?:;|$)/.test(text)
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
