import { argon2id, hash, needsRehash, verify } from 'argon2'
import { expect, it } from 'vitest'

import { ARGON2_PARAMETERS, costOf, decoyHashFor, isPasswordHash, isWeak, paddingHash } from './decoy-hash.ts'

const cheap = { type: argon2id, memoryCost: 1024, timeCost: 2, parallelism: 1 } as const
const dear = { type: argon2id, memoryCost: 20_480, timeCost: 3, parallelism: 2 } as const

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

it('a decoy costs no less than a password that has been changed today', async () => {
  const changed = await hash('x', { type: argon2id, ...ARGON2_PARAMETERS })
  expect(costOf(decoyHashFor([await hash('a', cheap)]))).toBe(costOf(changed))
  expect([isWeak(changed), isWeak(await hash('a', cheap)), isWeak(await hash('b', dear))]).toEqual([
    false,
    true,
    false,
  ])
})

it('the padding of a cheap hash is a hash that can be checked, takes what is missing and no more memory than the decoy', async () => {
  const decoy = decoyHashFor([await hash('b', dear)])
  const padding = paddingHash(await hash('a', cheap), decoy)
  expect(await verify(padding ?? '', 'a')).toBe(false)
  expect(Math.abs(costOf(padding ?? '') + 2 * 1024 - costOf(decoy))).toBeLessThan(8)
  expect(Number(/m=(\d+)/.exec(padding ?? '')?.[1])).toBeLessThanOrEqual(20_480)
  expect(paddingHash(decoy, decoy)).toBeUndefined()
})
