import { expect, it } from 'vitest'

import { rateLimitFields } from './rate-limit-fields.ts'

it.each([
  [0, 1],
  [1, 1],
  [1_000, 1],
  [41_001, 42],
])('a limit with %d ms to go sends nobody back before %d s', (resetMs, seconds) => {
  const fields = rateLimitFields({ name: 'login', limit: 10, windowSeconds: 60 }, { remaining: 0, resetMs })
  expect(fields).toEqual({
    'retry-after': String(seconds),
    'ratelimit-policy': '"login";q=10;w=60',
    ratelimit: `"login";r=0;t=${seconds}`,
  })
})
