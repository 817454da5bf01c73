import { argon2id, hash } from 'argon2'
import { beforeAll, describe, expect, it } from 'vitest'

import { createArgon2Passwords } from './argon2-passwords.ts'

let passwordHash: string

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
    expect(await passwords.check(passwordHash, 'correct horse')).toBe('right')
    expect(await passwords.check(passwordHash, 'correct horse ')).toBe('wrong')
    expect(await passwords.check(passwordHash, '')).toBe('wrong')
  })

  it('of a flood is turned away at once beyond the bound, and the others are all checked', async () => {
    const passwords = createArgon2Passwords({ atOnce: 2, waitingMax: 3 })
    const checks = Array.from({ length: 9 }, () => passwords.check(passwordHash, 'correct horse'))
    expect(passwords.isFull).toBe(true)
    const results = await Promise.all(checks)
    expect(results.filter((result) => result === 'right')).toHaveLength(5)
    expect(results.slice(5)).toEqual(['busy', 'busy', 'busy', 'busy'])
    expect(passwords.isFull).toBe(false)
    expect(await passwords.check(passwordHash, 'correct horse')).toBe('right')
  })

  it('that cannot be checked gives its place back', async () => {
    const passwords = createArgon2Passwords({ atOnce: 1, waitingMax: 0 })
    await expect(passwords.check('$argon2id$broken', 'x')).rejects.toThrow(/./)
    expect(await passwords.check(passwordHash, 'correct horse')).toBe('right')
  })
})
