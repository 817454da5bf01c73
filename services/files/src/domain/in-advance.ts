/**
 * ⑦ Who asks without anybody wanting the file yet: browsers that think ahead, and programs that show what a link leads to.
 * Promise: what a user can do once is not used up by what he may do next, or by the chat that he pasted the link into.
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

/** What makers of previews, scanners of mail and crawlers call themselves. Who does not say so gets a page with a button. */
const PREVIEWERS =
  /bot\b|crawl|spider|preview|scan|facebookexternalhit|whatsapp|telegram|slack|skypeuri|discord|embed|unfurl|safelinks|mastodon|iframely|snapchat|pinterest|vkshare|viber|google-read-aloud|barracuda|proofpoint|mimecast/i

/** Meant for claims in URLs alone: no preview carries a header or a form. */
export function isPreview({ 'user-agent': agent = '' }: Headers): boolean {
  return PREVIEWERS.test(String(agent))
}
