import { argon2id, hash, needsRehash, verify } from 'argon2'
import { expect, it } from 'vitest'

import { decoyHashFor, isPasswordHash } from './decoy-hash.ts'

const cheap = { type: argon2id, memoryCost: 1024, timeCost: 2, parallelism: 1 } as const
const dear = { type: argon2id, memoryCost: 2048, timeCost: 3, parallelism: 2 } as const

it('a decoy costs what the dearest account costs, and fits no password', async () => {
  const hashes = [await hash('a', cheap), await hash('b', dear), await hash('c', cheap)]
  const decoy = decoyHashFor(hashes)
  expect(isPasswordHash(decoy)).toBe(true)
  expect(needsRehash(decoy, dear)).toBe(false)
  expect(decoy).not.toBe(decoyHashFor(hashes))
  expect(hashes.map((one) => one.length)).toContain(decoy.length)
  for (const password of ['a', 'b', 'c', '']) expect(await verify(decoy, password)).toBe(false)
})

it('a decoy is there without any account', async () => {
  expect(isPasswordHash(decoyHashFor([]))).toBe(true)
  expect(await verify(decoyHashFor([]), 'password')).toBe(false)
})

it.each([
  '',
  'plain',
  '$argon2i$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2g',
  '$2b$10$abc',
  'a\nb',
])('%j is not a password hash', (text) => expect(isPasswordHash(text)).toBe(false))
