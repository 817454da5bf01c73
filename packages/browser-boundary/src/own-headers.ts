/**
 * ① The headers of answers that are the service's own, not those of one behind it.
 * Promise: no page frames them, sniffs them, learns where a reader came from, or shares a process with them.
 */
import type { CurfewServer } from '@curfew/service-kit'

/** Over plain HTTP browsers ignore it; the proxy that ends TLS passes it on. */
const HSTS = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } as const
const OWN = {
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
} as const
const OWN_AND_HSTS = { ...HSTS, ...OWN }

export interface OwnHeadersOptions {
  /**
   * True for the URL of a request whose answer may reach browsers under the host name of another application: that one
   * decides about its TLS itself. False for all when not given.
   */
  readonly isForOtherHost?: (url: string) => boolean
}

export function addOwnHeaders(
  app: CurfewServer,
  { isForOtherHost = () => false }: OwnHeadersOptions = {},
): void {
  // Here as well, because what a service behind this one answers goes past the hook below.
  app.addHook('onRequest', (request, reply, done) => {
    if (!isForOtherHost(request.url)) void reply.headers(HSTS)
    done()
  })
  // A page that needs more than nothing says so itself.
  app.addHook('onSend', (request, reply, payload, done) => {
    const own = isForOtherHost(request.url) ? OWN : OWN_AND_HSTS
    for (const [name, value] of Object.entries(own))
      if (!reply.hasHeader(name)) void reply.header(name, value)
    done(null, payload)
  })
}
