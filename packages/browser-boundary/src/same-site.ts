/**
 * ① Whether a browser says that a request was made by a page of this very site.
 * Promise: what a browser declares as foreign is refused whatever else it carries; programs, which declare nothing, pass.
 */

export interface Provenance {
  readonly host: string | undefined
  readonly secFetchSite: string | undefined
  readonly origin: string | undefined
  readonly referer: string | undefined
  /** Origins of pages that are named in the settings as ours. */
  readonly trustedOrigins?: ReadonlySet<string>
}

export type Foreign = 'fetch-site' | 'origin' | 'referer' | 'undeclared'

/** What speaks against the request, or undefined. */
export function foreignSign({
  host,
  secFetchSite,
  origin,
  referer,
  trustedOrigins,
}: Provenance): Foreign | undefined {
  if (origin !== undefined && trustedOrigins?.has(origin) === true) return undefined
  // `none` is the user's own doing: a bookmark, the address bar. A sibling site (`same-site`) is not trusted.
  if (secFetchSite !== undefined && secFetchSite !== 'same-origin' && secFetchSite !== 'none')
    return 'fetch-site'
  if (origin !== undefined) return isOriginOf(origin, host) ? undefined : 'origin'
  if (secFetchSite !== undefined || referer === undefined) return undefined
  return isOriginOf(originOf(referer), host) ? undefined : 'referer'
}

/** For a request that lives off a cookie: browsers declare where it comes from, so one that declares nothing is none of theirs. */
export function isUndeclared({ secFetchSite, origin, referer }: Provenance): boolean {
  return secFetchSite === undefined && origin === undefined && referer === undefined
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'null'
}

const LOOPBACK = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/** Where browsers trust the way without TLS. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.test(hostname)
}

/**
 * RFC 6454 §5, but for one thing: `https` is ours also where the request came to this server without TLS. A proxy that ends TLS
 * need not be one whose word about the scheme counts, and a page that came over TLS is forged by nobody on the way.
 */
function isOriginOf(origin: string, host: string | undefined): boolean {
  const match = /^(https?):\/\/[^/]+$/.exec(origin)
  if (match === null || host === undefined) return false
  const site = `${match[1]}://${host}`
  if (!URL.canParse(origin) || !URL.canParse(site)) return false
  const [claimed, ours] = [new URL(origin), new URL(site)]
  // The cookie is `Secure`: a page that came without TLS cannot be ours, except where browsers trust the way itself.
  if (claimed.protocol === 'http:' && !isLoopback(claimed.hostname)) return false
  return claimed.origin === ours.origin && ours.pathname === '/' && ours.username === ''
}
