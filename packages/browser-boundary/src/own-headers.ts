/**
 * ① The headers of answers that are the service's own, not those of one behind it.
 * Promise: no page frames them, sniffs them, learns where a reader came from, or shares a process with them.
 */
import type { CurfewServer } from '@curfew/service-kit'

/** Over plain HTTP browsers ignore it; the proxy that ends TLS passes it on. */
const HSTS = { 'strict-transport-security': 'max-age=31536000; includeSubDomains' } as const
const OWN = {
  ...HSTS,
  'content-security-policy':
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
} as const

export function addOwnHeaders(app: CurfewServer): void {
  // What a service answers goes past the hook below, and has this one header in common with the rest.
  app.addHook('onRequest', (_request, reply, done) => {
    void reply.headers(HSTS)
    done()
  })
  // A page that needs more than nothing says so itself.
  app.addHook('onSend', (_request, reply, payload, done) => {
    for (const [name, value] of Object.entries(OWN))
      if (!reply.hasHeader(name)) void reply.header(name, value)
    done(null, payload)
  })
}
