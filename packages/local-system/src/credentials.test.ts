import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createCredentials, keepCredentials } from './credentials.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'curfew-credentials-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('createCredentials', () => {
  it('gives every user another password', () => {
    const { nats, redis } = createCredentials()
    const passwords = [...Object.values(nats), ...Object.values(redis)]
    expect(new Set(passwords).size).toBe(passwords.length)
  })

  it('begins passwords with a letter and keeps them free of what URLs and configurations would read', () => {
    for (let round = 0; round < 50; round += 1)
      for (const password of Object.values(createCredentials().nats))
        expect(password).toMatch(/^[a-z][A-Za-z0-9_-]{32}$/)
  })
})

describe('keepCredentials', () => {
  it('finds the same ones again, in a file that only the owner reads', () => {
    const first = keepCredentials(directory)
    expect(keepCredentials(directory)).toEqual(first)
    expect(statSync(join(directory, 'credentials.json')).mode & 0o777).toBe(0o600)
  })

  it('gives a user that is new since then a password, and leaves the others theirs', () => {
    const first = keepCredentials(directory)
    const { gateway_admin: added, ...before } = first.nats
    writeFileSync(join(directory, 'credentials.json'), JSON.stringify({ ...first, nats: before }))
    const next = keepCredentials(directory)
    expect(next).toMatchObject({ nats: before, redis: first.redis })
    expect(next.nats.gateway_admin).toMatch(/^p/)
    expect(next.nats.gateway_admin).not.toBe(added)
    expect(keepCredentials(directory)).toEqual(next)
  })

  it('says so when the file is damaged, instead of locking the servers out of their data', () => {
    writeFileSync(join(directory, 'credentials.json'), '{"nats":')
    expect(() => keepCredentials(directory)).toThrow(SyntaxError)
  })
})
