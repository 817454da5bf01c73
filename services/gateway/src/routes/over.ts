/**
 * ① The refusal for a session that turns out to be over while it is being served.
 * Promise: it looks like the refusal of any other token that is not good.
 */
import { Problem } from '@curfew/service-kit'

export function sessionIsOver(): Problem {
  return new Problem('unauthenticated', undefined, {
    headers: { 'www-authenticate': 'Bearer realm="curfew", error="invalid_token"' },
  })
}
