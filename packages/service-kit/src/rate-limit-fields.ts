/**
 * What a caller is told who has used up a limit: `Retry-After`, and the fields of draft-ietf-httpapi-ratelimit-headers.
 * Promise: the values are valid structured fields (RFC 9651), and nobody is called back before the limit has passed.
 */
export interface Quota {
  /** Small letters and hyphens. */
  readonly name: string
  readonly limit: number
  readonly windowSeconds: number
}

export interface QuotaLeft {
  readonly remaining: number
  /** Until the quota is whole again. */
  readonly resetMs: number
}

export function rateLimitFields(
  { name, limit, windowSeconds }: Quota,
  { remaining, resetMs }: QuotaLeft,
): Record<string, string> {
  const seconds = Math.max(1, Math.ceil(resetMs / 1_000))
  return {
    'retry-after': String(seconds),
    'ratelimit-policy': `"${name}";q=${limit};w=${windowSeconds}`,
    ratelimit: `"${name}";r=${remaining};t=${seconds}`,
  }
}
