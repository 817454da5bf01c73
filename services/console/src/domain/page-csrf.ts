/**
 * Anti-forgery values whose key is the session's own secret, so that replicas have nothing to share and nothing to keep.
 * Promise: who does not hold the token can make none, and the value tells nothing about the token.
 */
import { hkdfSync } from 'node:crypto'

import { createCsrfTokens, csrfBindingOf } from '@curfew/browser-boundary'

/** Undefined for what is not a session token. */
export function issueCsrfValue(token: string): string | undefined {
  const binding = csrfBindingOf(token)
  return binding && createCsrfTokens(keyFrom(token)).issue(binding)
}

export function isCsrfValue(presented: string, token: string): boolean {
  const binding = csrfBindingOf(token)
  return binding !== undefined && createCsrfTokens(keyFrom(token)).accepts(presented, binding)
}

function keyFrom(token: string): Buffer {
  return Buffer.from(hkdfSync('sha256', token, '', 'curfew/console/csrf', 32))
}
