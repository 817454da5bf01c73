import { argon2id, hash } from 'argon2'
import { beforeAll, describe, expect, it } from 'vitest'

import type { Place } from '../domain/fair-queue.ts'
import { createArgon2Passwords } from './argon2-passwords.ts'

let passwordHash: string
const place: Place = { address: '192.0.2.7/32', account: 'acme/alice', isKnown: false }

beforeAll(async () => {
  passwordHash = await hash('correct horse', {
    type: argon2id,
    memoryCost: 8192,
    timeCost: 2,
    parallelism: 1,
  })
})

describe('a password', () => {
  it('is right or wrong', async () => {
    const passwords = createArgon2Passwords({ atOnce: 1, waitingMax: 0 })
    expect(await passwords.check(passwordHash, 'correct horse', place)).toBe('right')
    expect(await passwords.check(passwordHash, 'correct horse ', place)).toBe('wrong')
    expect(await passwords.check(passwordHash, '', place)).toBe('wrong')
  })

  it('of a flood is turned away at once beyond the bound, and the others are all checked', async () => {
    const passwords = createArgon2Passwords({ atOnce: 2, waitingMax: 3 })
    const checks = Array.from({ length: 9 }, () => passwords.check(passwordHash, 'correct horse', place))
    expect(passwords.hasRoomFor(place)).toBe(false)
    const results = await Promise.all(checks)
    expect(results.filter((result) => result === 'right')).toHaveLength(5)
    expect(results.slice(5)).toEqual(['busy', 'busy', 'busy', 'busy'])
    expect(passwords.hasRoomFor(place)).toBe(true)
    expect(await passwords.check(passwordHash, 'correct horse', place)).toBe('right')
  })

  it('of somebody whose address has sent nothing else is checked while sixty addresses flood, and soon', async () => {
    const passwords = createArgon2Passwords({ atOnce: 2, waitingMax: 16 })
    const done: string[] = []
    const flood = Array.from({ length: 240 }, async (_, count) => {
      const from = { address: `203.0.113.${count % 60}/32`, account: `acme/u${count % 7}`, isKnown: false }
      await passwords.check(passwordHash, 'guess', from)
      done.push('flood')
    })
    const check = async (from: Place): Promise<void> => {
      expect(await passwords.check(passwordHash, 'correct horse', from)).toBe('right')
      done.push('honest')
    }
    const home = { address: '198.51.100.1/32', account: 'acme/bob', isKnown: false }
    await Promise.all([check(home), check({ ...place, isKnown: true }), ...flood])
    // Work that was turned away was told so before any other work ended.
    expect(done.slice(-18).filter((who) => who === 'honest')).toHaveLength(2)
    expect(done.at(-1)).toBe('flood')
  })

  it('that cannot be checked gives its place back', async () => {
    const passwords = createArgon2Passwords({ atOnce: 1, waitingMax: 0 })
    await expect(passwords.check('$argon2id$broken', 'x', place)).rejects.toThrow(/./)
    expect(await passwords.check(passwordHash, 'correct horse', place)).toBe('right')
  })
})
