import { describe, expect, it } from 'vitest'

import { foreignSign, isUndeclared, type Provenance } from './same-site.ts'

const none: Provenance = {
  host: 'app.example',
  secFetchSite: undefined,
  origin: undefined,
  referer: undefined,
}
const signOf = (said: Partial<Provenance>) => foreignSign({ ...none, ...said })

describe('a request of this site', () => {
  it.each<Partial<Provenance>>([
    {},
    { secFetchSite: 'same-origin' },
    { secFetchSite: 'none' },
    { secFetchSite: 'same-origin', origin: 'https://app.example' },
    { origin: 'https://app.example' },
    { origin: 'https://app.example', host: 'app.example:443' },
    { origin: 'https://app.example', host: 'APP.example' },
    { origin: 'https://app.example:8443', host: 'app.example:8443' },
    { origin: 'http://localhost:8080', host: 'localhost:8080' },
    { origin: 'http://127.0.0.1:8080', host: '127.0.0.1:8080' },
    { origin: 'http://[::1]:8080', host: '[::1]:8080' },
    { referer: 'https://app.example/page?x=1' },
    // Fetch metadata says more than a referrer, which people configure away.
    { secFetchSite: 'same-origin', referer: 'https://elsewhere.example/' },
  ])('passes: %j', (said) => expect(signOf(said)).toBeUndefined())
})

describe('a request of another site', () => {
  it.each<[Partial<Provenance>, string]>([
    [{ secFetchSite: 'cross-site' }, 'fetch-site'],
    [{ secFetchSite: 'same-site' }, 'fetch-site'],
    [{ secFetchSite: 'same-origin, cross-site' }, 'fetch-site'],
    [{ secFetchSite: 'SAME-ORIGIN' }, 'fetch-site'],
    [{ secFetchSite: '' }, 'fetch-site'],
    [{ secFetchSite: 'cross-site', origin: 'https://app.example' }, 'fetch-site'],
    [{ secFetchSite: 'same-origin', origin: 'https://evil.example' }, 'origin'],
    [{ origin: 'https://evil.example' }, 'origin'],
    [{ origin: 'null' }, 'origin'],
    [{ origin: '' }, 'origin'],
    [{ origin: 'https://app.example.evil.example' }, 'origin'],
    [{ origin: 'https://evil-app.example' }, 'origin'],
    [{ origin: 'https://sub.app.example' }, 'origin'],
    [{ origin: 'https://app.example:8443' }, 'origin'],
    [{ origin: 'http://app.example' }, 'origin'],
    [{ origin: 'https://app.example@evil.example' }, 'origin'],
    [{ origin: 'https://app.example/' }, 'origin'],
    [{ origin: 'https://app.example, https://evil.example' }, 'origin'],
    [{ origin: 'https://app.example', host: undefined }, 'origin'],
    [{ origin: 'https://evil.example', host: 'app.example@evil.example' }, 'origin'],
    [{ origin: 'https://app.example', host: 'app.example/evil' }, 'origin'],
    [{ origin: 'file://app.example' }, 'origin'],
    [{ origin: 'chrome-extension://app.example' }, 'origin'],
    [{ referer: 'https://evil.example/https://app.example/' }, 'referer'],
    [{ referer: 'about:blank' }, 'referer'],
    [{ referer: 'not a URL' }, 'referer'],
  ])('is refused: %j', (said, sign) => expect(signOf(said)).toBe(sign))
})

describe('a page of an origin that is trusted', () => {
  const trustedOrigins = new Set(['https://spa.example'])
  const trustedSign = (said: Partial<Provenance>) => signOf({ trustedOrigins, ...said })

  it('passes by its exact origin, as a sibling or from elsewhere', () => {
    for (const secFetchSite of ['same-site', 'cross-site', undefined])
      expect(trustedSign({ origin: 'https://spa.example', secFetchSite })).toBeUndefined()
  })

  it.each<[Partial<Provenance>, string]>([
    [{ origin: 'https://spa.example.evil.example', secFetchSite: 'cross-site' }, 'fetch-site'],
    [{ origin: 'http://spa.example' }, 'origin'],
    [{ origin: 'https://SPA.example' }, 'origin'],
    [{ secFetchSite: 'cross-site' }, 'fetch-site'],
    [{ referer: 'https://spa.example/' }, 'referer'],
  ])('does not by %j', (said, sign) => expect(trustedSign(said)).toBe(sign))
})

it('a request says where it comes from by any of the three headers', () => {
  expect(isUndeclared(none)).toBe(true)
  for (const said of [{ secFetchSite: 'none' }, { origin: 'null' }, { referer: '' }])
    expect(isUndeclared({ ...none, ...said })).toBe(false)
})
