/**
 * ⑦ Browsers that fetch ahead of their user.
 * Promise: what users can do once is not used up by what they may do next.
 */
type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

const PURPOSES = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/** A browser says so itself (Fetch, `Sec-Purpose`; the others are what browsers said before). */
export function isPrefetch(headers: Headers): boolean {
  return PURPOSES.some((name) => {
    const purpose = String(headers[name] ?? '').toLowerCase()
    return purpose.startsWith('prefetch') || purpose.startsWith('preview')
  })
}
