import { randomBytes } from 'node:crypto'

import { expect, it } from 'vitest'

import { deriveKeys } from './derived-keys.ts'

it('keys differ by purpose and by secret, are the same at every replica, and are not the secret', () => {
  const [secret, other] = [randomBytes(32), randomBytes(32)]
  const texts = [deriveKeys(secret), deriveKeys(other)].flatMap(({ csrf, device, pseudonym }) =>
    [csrf, device, pseudonym].map((key) => key.toString('hex')),
  )
  expect(new Set([...texts, secret.toString('hex'), other.toString('hex')]).size).toBe(8)
  expect(texts.every((text) => text.length === 64)).toBe(true)
  expect(deriveKeys(Buffer.from(secret))).toEqual(deriveKeys(secret))
})
