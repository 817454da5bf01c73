/**
 * ① What a caller is told who has used up a limit: `Retry-After`, and the fields of draft-ietf-httpapi-ratelimit-headers.
 * Promise: the values are valid structured fields (RFC 9651), and nobody is called back before the limit has passed.
 */
import type { UsedUp } from '../ports.ts'

export function rateLimitFields({ policy, resetMs }: UsedUp): Record<string, string> {
  const seconds = Math.max(1, Math.ceil(resetMs / 1_000))
  return {
    'retry-after': String(seconds),
    'ratelimit-policy': `"${policy.name}";q=${policy.quota};w=${policy.windowSeconds}`,
    ratelimit: `"${policy.name}";r=0;t=${seconds}`,
  }
}
